import type { StreamPart } from '../contracts/stream-part.ts';
import type { AnswerFacts, Usage } from '../contracts/usage.ts';
import { GeneratedText } from './generated-text.ts';

/** What the parts of an answer say about it, as they come. */
export class PartFacts implements AnswerFacts {
  usage: Usage | undefined = undefined;
  earlyUsage: Usage | undefined = undefined;
  finishReason = '';
  /** The provider said that nothing follows. */
  done = false;
  /** The provider said that it failed. */
  failed = false;
  readonly #generated = new GeneratedText();

  get text(): string {
    return this.#generated.beginning;
  }

  get characters(): number {
    return this.#generated.length;
  }

  take(part: StreamPart): void {
    switch (part.type) {
      case 'text':
      case 'refusal':
      case 'reasoning':
      case 'tool-call-arguments':
        this.#generated.add(part.text);
        break;
      case 'tool-call-start':
        this.#generated.add(part.name);
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
        break;
      case 'end':
        this.done = true;
        break;
    }
  }
}

export function factsOf(parts: readonly StreamPart[]): PartFacts {
  const facts = new PartFacts();
  for (const part of parts) facts.take(part);
  return facts;
}
