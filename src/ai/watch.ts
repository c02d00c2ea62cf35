import type { Dialect, Emit, Frame, Framing, StreamReader } from '../contracts/provider.ts';
import type { StreamPart } from '../contracts/stream-part.ts';
import type { AnswerFacts, Pace, Usage } from '../contracts/usage.ts';
import { parseObject } from '../lib/json.ts';
import { AlikeEvents } from './alike-events.ts';
import type { AnswerTape } from './answer-tape.ts';
import { openEventFraming } from './event-framing.ts';
import { PartFacts } from './part-facts.ts';
import type { TurnTape } from './turn-tape.ts';
import type { WithheldEvents } from './withheld-events.ts';

interface Beside {
  readonly tape?: AnswerTape | undefined;
  readonly turnTape?: TurnTape | undefined;
  readonly withheld?: WithheldEvents | undefined;
}

/** Reads a stream as it comes: what it says about itself, and its parts for who wants them. */
export class StreamWatch implements AnswerFacts {
  /** Something was said, thought or called: an answer has begun. A role, an id or usage alone is none. */
  begun = false;
  /** An event was too long to be read: nothing more is known of this stream. */
  blind = false;
  readonly tape: AnswerTape | undefined;
  readonly turnTape: TurnTape | undefined;
  readonly withheld: WithheldEvents | undefined;
  readonly #facts = new PartFacts();
  readonly #framing: Framing;
  readonly #reader: StreamReader | undefined;
  readonly #emit: Emit;
  readonly #now: () => number;
  readonly #alike: AlikeEvents | undefined;
  /** Parts that the event was read as, and the last of them. */
  #parts = 0;
  #part: StreamPart | undefined;
  /** When the bytes came that are read now; below 0: nobody has asked yet. */
  #cameAt = -1;
  #firstAt = -1;
  #lastAt = -1;
  #longestGapMs = 0;

  /**
   * @param onPart is given each part
   * @param beside what else sees it: a tape that writes all of it down, one for what it says, and what withholds some of it
   * @param now the monotonic clock, in milliseconds
   */
  constructor(
    dialect: Dialect,
    onPart?: Emit,
    { tape, turnTape, withheld }: Beside = {},
    now: () => number = () => performance.now(),
  ) {
    const facts = this.#facts;
    this.#now = now;
    this.tape = tape;
    this.turnTape = turnTape;
    this.withheld = withheld;
    this.#emit = (part) => {
      this.#parts++;
      this.#part = part;
      this.begun ||= begins(part);
      facts.take(part);
      tape?.part(part);
      turnTape?.part(part);
      onPart?.(part);
    };
    this.#reader = dialect.openStream?.(this.#emit);
    if (this.#reader?.readsAlike) this.#alike = new AlikeEvents();
    const openFraming = dialect.stream?.openFraming ?? openEventFraming;
    this.#framing = openFraming(
      (frame) => this.#onFrame(frame),
      () => {
        this.blind = true;
      },
    );
  }

  get usage(): Usage | undefined {
    return this.#facts.usage;
  }
  get earlyUsage(): Usage | undefined {
    return this.#facts.earlyUsage;
  }
  get finishReason(): string {
    return this.#facts.finishReason;
  }
  get text(): string {
    return this.#facts.text;
  }
  get characters(): number {
    // What passed unread was no empty answer.
    return this.blind ? Math.max(1, this.#facts.characters) : this.#facts.characters;
  }
  get refused(): boolean {
    return this.#facts.refused;
  }
  get malformedToolCall(): boolean {
    return this.#facts.malformedToolCall;
  }
  get tool(): string {
    return this.#facts.tool;
  }
  get said(): string | undefined {
    return this.#facts.said;
  }
  get confidence(): number {
    return this.#facts.confidence;
  }
  get serviceTier(): string {
    return this.#facts.serviceTier;
  }
  get pace(): Pace | undefined {
    return this.#firstAt < 0
      ? undefined
      : { firstAt: this.#firstAt, lastAt: this.#lastAt, longestGapMs: this.#longestGapMs };
  }
  /** The provider said that nothing follows. */
  get done(): boolean {
    return this.#facts.done;
  }
  /** The provider said in the stream that it failed. */
  get failed(): boolean {
    return this.#facts.failed;
  }

  /** Bytes in the order in which they came, cut anywhere. */
  see(chunk: Buffer): void {
    this.tape?.bytes(chunk);
    this.#cameAt = -1;
    if (!this.blind) this.#framing.feed(chunk);
  }

  /** Nothing comes any more. */
  end(): void {
    if (!this.blind) this.#framing.end();
  }

  #onFrame({ event, data }: Frame): void {
    if (data === '[DONE]') {
      this.#emit({ type: 'end' });
      return;
    }
    // Says only that the connection lives.
    if (event === 'ping') return;
    const before = this.#facts.characters;
    const alike = this.begun ? this.#alike?.read(event, data) : undefined;
    if (alike) this.#emit(alike);
    else this.#read(event, data);
    if (this.#facts.characters > before) this.#textCame();
  }

  #read(event: string, data: string): void {
    const value = parseObject(data);
    if (!value || !this.#reader) {
      // Anything else passes on as it came; a stream of nothing else ends without a finish reason, and that is recorded.
      if (event === 'error') this.#emit({ type: 'error', message: '' });
      else this.begun = true;
      if (value) this.withheld?.saw(value);
      return;
    }
    const isWithheld = this.withheld?.saw(value);
    this.#alike?.forget();
    this.#parts = 0;
    this.#reader.read(value, event);
    if (!this.begun && this.#reader.isAtWork?.(value)) this.begun = true;
    if (this.#parts === 1 && this.#part?.type === 'text' && !isWithheld)
      this.#alike?.learn(event, data, this.#part);
  }

  #textCame(): void {
    if (this.#cameAt < 0) this.#cameAt = this.#now();
    const now = this.#cameAt;
    if (this.#firstAt < 0) this.#firstAt = now;
    else this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#lastAt);
    this.#lastAt = now;
  }
}

/** Whether a part is the answer's own, and no preamble to it. */
function begins(part: StreamPart): boolean {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text !== '';
    case 'start':
    case 'usage':
    case 'service-tier':
    case 'item-start':
    case 'end':
      return false;
    default:
      return true;
  }
}
