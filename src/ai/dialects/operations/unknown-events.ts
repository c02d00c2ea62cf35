import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Emit, StreamReader } from '../../../contracts/provider.ts';
import type { Usage } from '../../../contracts/usage.ts';
import { objectOf, objectsOf, textOf } from '../../../lib/json.ts';
import { addUsage } from '../../add-usage.ts';
import { failedPart } from '../failed-part.ts';
import { readTier } from './read-tier.ts';
import { readUsage } from './read-usage.ts';
import { wordsIn } from './words-in.ts';

/**
 * Any stream: how it ends is its client's to judge. What it comes to is the most that an event says, once one has said that
 * it ends, or it has: what is said before may be of its beginning alone.
 */
export class UnknownEventReader implements StreamReader {
  readonly #emit: Emit;
  #usage: Usage | undefined;
  #hasBegun = false;
  #hasFailed = false;
  #isOver = false;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  read(event: JsonObject, name: string): void {
    // Amazon's.
    if (name.endsWith('Exception')) {
      this.#hasFailed = true;
      this.#emit(failedPart(textOf(event.message), name));
      return;
    }
    this.#hasBegun = true;
    this.#emit({ type: 'item', words: wordsIn(event) });
    const [response, message] = [objectOf(event.response), objectOf(event.message)];
    const tier = readTier(event) || readTier(response) || readTier(message);
    if (tier !== '') this.#emit({ type: 'service-tier', tier });
    const said = readUsage(event) ?? readUsage(response) ?? readUsage(message);
    if (said) this.#usage = together(said, this.#usage);
    this.#isOver ||= saysEnd(event);
    if (this.#isOver) this.#finish();
    else if (said && this.#usage) this.#emit({ type: 'usage', usage: this.#usage, isEarly: true });
  }

  end(): void {
    this.#finish();
  }

  close(isBlind: boolean): void {
    if (isBlind) this.#emit(WELL);
    else this.#finish();
  }

  /** Of one that fails it is not known what it came to, and one that says nothing is none. */
  #finish(): void {
    if (this.#hasFailed || !this.#hasBegun) return;
    if (this.#usage) this.#emit({ type: 'usage', usage: this.#usage });
    this.#emit(WELL);
  }
}

const WELL = { type: 'finish', reason: 'stop' } as const;

/** Some say the input at the start and the output at the end; each picture says its own. */
function together(said: Usage, was: Usage | undefined): Usage {
  if (!was) return said;
  if (said.images) return addUsage(was, said);
  const most = (kind: 'input' | 'output' | 'cached'): number => Math.max(said[kind], was[kind]);
  return { ...was, ...said, input: most('input'), output: most('output'), cached: most('cached') };
}

/** Of Anthropic, OpenAI's responses and Cohere: what an event is called that ends an answer. */
const ENDS: ReadonlySet<unknown> = new Set([
  'message_stop',
  'message-end',
  'response.completed',
  'response.failed',
  'response.incomplete',
  'stream-end',
]);
/** Where vendors write why an answer ended; null until it has. */
const REASONS = [
  'finish_reason',
  'finishReason',
  'stop_reason',
  'stopReason',
  'completionReason',
  'done_reason',
];

/** Whether an event says that its answer has ended, or a choice of it. */
const saysEnd = (event: JsonObject): boolean =>
  ENDS.has(event.type) ||
  [event, objectOf(event.delta), ...CHOICES.flatMap((field) => objectsOf(event[field]))].some((each) =>
    REASONS.some((reason) => textOf(each[reason]) !== ''),
  );

const CHOICES = ['choices', 'candidates', 'outputs', 'results'];
