import type { StreamPart } from '../contracts/stream-part.ts';
import type { AnswerFacts, Usage } from '../contracts/usage.ts';
import { GeneratedText } from './generated-text.ts';
import { ToolArguments } from './tool-arguments.ts';

/** What the parts of an answer say about it, as they come. */
export class PartFacts implements AnswerFacts {
  usage: Usage | undefined = undefined;
  earlyUsage: Usage | undefined = undefined;
  finishReason = '';
  serviceTier = '';
  refused = false;
  tool = '';
  /** Reasoning was read, and not only counted. */
  thinksAloud = false;
  readonly pace = undefined;
  /** The provider said that nothing follows. */
  done = false;
  /** The provider said that it failed. */
  failed = false;
  /** The status of that; 0 = it did not say. */
  failedWith = 0;
  readonly #generated = new GeneratedText();
  readonly #arguments = new ToolArguments();
  /** Nothing but the text of the first choice has come. */
  #isPlain = true;
  #items = 0;
  #logprobs = 0;
  #tokensWithLogprob = 0;

  get text(): string {
    return this.#generated.beginning;
  }

  get characters(): number {
    // A vector is something that was said, if nothing to count.
    return this.#generated.length + this.#items;
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
        if (part.choice) this.#isPlain = false;
        this.#generated.add(part.text);
        break;
      case 'refusal':
        this.refused = true;
        this.#notPlain(part.text);
        break;
      case 'reasoning':
        this.thinksAloud ||= part.text !== '';
        this.#notPlain(part.text);
        break;
      case 'tool-call-start':
        this.tool ||= part.name;
        this.#arguments.start(part.choice ?? 0, part.call);
        this.#notPlain(part.name);
        break;
      case 'tool-call-arguments':
        this.#arguments.add(part.choice ?? 0, part.call, part.text);
        this.#notPlain(part.text);
        break;
      case 'image':
        this.#isPlain = false;
        this.#items++;
        break;
      case 'embedding':
      case 'item':
        this.#items++;
        break;
      case 'logprobs':
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
        this.finishReason = part.reason;
        break;
      case 'error':
        this.failed = true;
        this.failedWith = part.status ?? 0;
        break;
      case 'end':
        this.done = true;
        break;
    }
  }

  #notPlain(text: string): void {
    this.#isPlain = false;
    this.#generated.add(text);
  }
}

export function factsOf(parts: readonly StreamPart[]): PartFacts {
  const facts = new PartFacts();
  for (const part of parts) facts.take(part);
  return facts;
}
