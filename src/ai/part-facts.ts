import type { FailedPart, StreamPart } from '../contracts/stream-part.ts';
import type { AnswerFacts, Usage } from '../contracts/usage.ts';
import { GeneratedText } from './generated-text.ts';
import { worstFinish } from './outcome.ts';
import { ToolArguments } from './tool-arguments.ts';

interface OtherChoices {
  /** By number; '' of one that has begun and not ended. */
  readonly finishes: Map<number, string>;
  /** What they have of all that was generated. */
  characters: number;
}

/** What the parts of an answer say about it, as they come. Before the first it is an answer of which nothing has come. */
export class PartFacts implements AnswerFacts {
  usage: Usage | undefined = undefined;
  earlyUsage: Usage | undefined = undefined;
  /** Until who has all of it says otherwise. */
  isCut = true;
  serviceTier = '';
  refused = false;
  tool = '';
  /** Reasoning was read, and not only counted. */
  thinksAloud = false;
  readonly pace = undefined;
  /** The provider said that nothing follows. */
  done = false;
  /** How the provider said that it failed; undefined: it did not. */
  failure: FailedPart | undefined = undefined;
  readonly #generated = new GeneratedText();
  readonly #arguments = new ToolArguments();
  /** Nothing but the text of the first choice has come. */
  #isPlain = true;
  /** The first choice's. */
  #finish = '';
  /** It has begun, though nothing of it may have come: known where there are others. */
  #isFirstBegun = false;
  /** What is known of the choices behind the first; undefined: there is none, as with most answers. */
  #others: OtherChoices | undefined;
  #items = 0;
  #logprobs = 0;
  #tokensWithLogprob = 0;

  get failed(): boolean {
    return this.failure !== undefined;
  }

  /** As if it had said so before it began, a status; 0 = it does not say. */
  get failedWith(): number {
    return this.failure?.status ?? 0;
  }

  get text(): string {
    return this.#generated.beginning;
  }

  get characters(): number {
    // A vector is something that was said, if nothing to count.
    return this.#generated.length + this.#items;
  }

  /** Of several choices the worst; '' while one of them has begun and has not ended. */
  get finishReason(): string {
    const others = this.#others;
    if (others === undefined) return this.#finish;
    const reasons = [...others.finishes.values()];
    const isFirstBegun = this.#isFirstBegun || this.#finish !== '' || this.characters > others.characters;
    if (isFirstBegun) reasons.unshift(this.#finish);
    return reasons.includes('') ? '' : worstFinish(reasons);
  }

  get malformedToolCall(): boolean {
    return this.#arguments.areMalformed;
  }

  get said(): string | undefined {
    const { beginning, length } = this.#generated;
    return this.#isPlain && length > 0 && beginning.length === length ? beginning : undefined;
  }

  get confidence(): number {
    return this.#tokensWithLogprob === 0 ? -1 : Math.exp(this.#logprobs / this.#tokensWithLogprob);
  }

  take(part: StreamPart): void {
    switch (part.type) {
      case 'text':
        if (part.choice) this.#ofOther(part.choice, part.text.length);
        this.#generated.add(part.text);
        break;
      case 'refusal':
        this.refused = true;
        this.#notPlain(part.text, part.choice);
        break;
      case 'reasoning':
        this.thinksAloud ||= part.text !== '';
        this.#notPlain(part.text, part.choice);
        break;
      case 'tool-call-start':
        this.tool ||= part.name;
        this.#arguments.start(part.choice ?? 0, part.call);
        this.#notPlain(part.name, part.choice);
        break;
      case 'tool-call-arguments':
        this.#arguments.add(part.choice ?? 0, part.call, part.text);
        this.#notPlain(part.text, part.choice);
        break;
      case 'image':
        this.#isPlain = false;
        if (part.choice) this.#ofOther(part.choice, 1);
        this.#items++;
        break;
      case 'embedding':
        this.#items++;
        break;
      case 'item':
        if (part.words) this.#notPlain(part.words, undefined);
        else this.#items++;
        break;
      case 'choice-start':
        if (part.choice) this.#ofOther(part.choice, 0);
        else this.#isFirstBegun = true;
        break;
      case 'logprobs':
        // How sure a model was to refuse says nothing of an answer, and OpenAI's responses don't tell it.
        if (part.isRefusal) break;
        for (const { logprob } of part.tokens) this.#logprobs += logprob;
        this.#tokensWithLogprob += part.tokens.length;
        break;
      case 'service-tier':
        this.serviceTier = part.tier;
        break;
      case 'usage':
        if (part.isEarly) this.earlyUsage = part.usage;
        else this.usage = part.usage;
        break;
      case 'finish':
        if (part.choice) this.#ofOther(part.choice, 0).finishes.set(part.choice, part.reason);
        else this.#finish = part.reason;
        break;
      case 'error':
        this.failure = part;
        break;
      case 'end':
        this.done = true;
        break;
    }
  }

  #notPlain(text: string, choice: number | undefined): void {
    this.#isPlain = false;
    if (choice) this.#ofOther(choice, text.length);
    this.#generated.add(text);
  }

  #ofOther(choice: number, characters: number): OtherChoices {
    this.#isPlain = false;
    this.#others ??= { finishes: new Map(), characters: 0 };
    const { finishes } = this.#others;
    if (!finishes.has(choice)) finishes.set(choice, '');
    this.#others.characters += characters;
    return this.#others;
  }
}

/** Of an answer that came whole. */
export function factsOf(parts: readonly StreamPart[]): PartFacts {
  const facts = new PartFacts();
  for (const part of parts) facts.take(part);
  facts.isCut = false;
  return facts;
}
