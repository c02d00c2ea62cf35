import type { AnswerFilter, AnswerTextKind, ModelGuard } from '../../contracts/guard.ts';
import type { StreamPart } from '../../contracts/stream-part.ts';

type TextPart = Extract<StreamPart, { text: string }>;

interface Channel {
  readonly choice: number;
  readonly filters: readonly AnswerFilter[];
  last: TextPart;
}

const KINDS: Readonly<Record<TextPart['type'], AnswerTextKind>> = {
  text: 'text',
  refusal: 'text',
  reasoning: 'reasoning',
  'tool-call-arguments': 'arguments',
};

/** Whether any of them reads answers. */
export const answerIsGuarded = (guards: readonly ModelGuard[]): boolean =>
  guards.some(({ openAnswer }) => openAnswer !== undefined);

const isText = (part: StreamPart): part is TextPart => Object.hasOwn(KINDS, part.type);

/** Leads the parts of one answer through the guards: what they hold back comes before whatever follows that text. */
export class AnswerGuard {
  readonly #guards: readonly ModelGuard[];
  /** Texts that are being written, by choice, kind and call. */
  readonly #channels = new Map<string, Channel>();

  constructor(guards: readonly ModelGuard[]) {
    this.#guards = guards;
  }

  /** @throws what a guard ends the answer with */
  take(part: StreamPart): StreamPart[] {
    // Tokens and what is cited are the text once more: they would say what was taken out. And what is written anew has ids anew.
    if (part.type === 'logprobs' || part.type === 'citation' || part.type === 'item-start') return [];
    if (isText(part)) {
      const choice = part.choice ?? 0;
      const key = `${choice}/${part.type}/${'call' in part ? part.call : ''}`;
      // Calls of tools may be written side by side.
      const flushed = part.type === 'tool-call-arguments' ? [] : this.#flush(choice, key);
      const channel = this.#open(key, part, choice);
      channel.last = part;
      const text = channel.filters.reduce((rest, filter) => filter.take(rest), part.text);
      return text === '' && part.text !== '' ? flushed : [...flushed, { ...part, text }];
    }
    if (part.type === 'end') return [...this.#flush(), part];
    return 'choice' in part || OF_CHOICE.has(part.type) ? [...this.#flush(choiceOf(part)), part] : [part];
  }

  /** Nothing comes any more. */
  end(): StreamPart[] {
    return this.#flush();
  }

  #open(key: string, last: TextPart, choice: number): Channel {
    const known = this.#channels.get(key);
    if (known) return known;
    const kind = KINDS[last.type];
    const filters = this.#guards.flatMap((guard) => guard.openAnswer?.(kind) ?? []);
    const channel = { choice, filters, last };
    this.#channels.set(key, channel);
    return channel;
  }

  #flush(choice?: number, except?: string): StreamPart[] {
    const parts: StreamPart[] = [];
    for (const [key, channel] of this.#channels) {
      if (key === except || (choice !== undefined && channel.choice !== choice)) continue;
      this.#channels.delete(key);
      const text = channel.filters.reduce(
        (rest, filter) => (rest === '' ? '' : filter.take(rest)) + filter.end(),
        '',
      );
      if (text !== '') parts.push({ ...channel.last, text });
    }
    return parts;
  }
}

/** Parts that stand in a choice, after the texts before them. */
const OF_CHOICE: ReadonlySet<StreamPart['type']> = new Set([
  'finish',
  'image',
  'tool-call-start',
  'reasoning-signature',
  'reasoning-opaque',
] satisfies StreamPart['type'][]);

const choiceOf = (part: StreamPart): number => ('choice' in part ? (part.choice ?? 0) : 0);
