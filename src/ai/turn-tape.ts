import type { StreamPart } from '../contracts/stream-part.ts';

/** Characters that are kept of one answer, and what a part takes beside its own: of some 200,000 tokens. */
const MOST = 16 * 1024 * 1024;
const PART_SIZE = 64;

/** Parts that are in no message of the assistant. */
const NOT_SAID: ReadonlySet<StreamPart['type']> = new Set([
  'choice-start',
  'logprobs',
  'citation',
  'image',
  'usage',
]);

/** Writes down what an answer says, for its conversation: of one that is too long the beginning. */
export class TurnTape {
  readonly #parts: StreamPart[] = [];
  #size = 0;
  /** What its provider calls the answer; '' as long as that isn't known. */
  id = '';

  part(part: StreamPart): void {
    if (part.type === 'start') this.id = part.id;
    if (NOT_SAID.has(part.type)) return;
    this.#size += PART_SIZE + charactersOf(part);
    if (!this.isCut) this.#parts.push(part);
  }

  get parts(): readonly StreamPart[] {
    return this.#parts;
  }

  /** More was said than these parts. */
  get isCut(): boolean {
    return this.#size > MOST;
  }
}

function charactersOf(part: StreamPart): number {
  switch (part.type) {
    case 'text':
    case 'refusal':
    case 'reasoning':
    case 'tool-call-arguments':
      return part.text.length;
    case 'reasoning-signature':
      return part.signature.length;
    case 'reasoning-opaque':
      return part.data.length;
    default:
      return 0;
  }
}
