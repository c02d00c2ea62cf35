import type { AnswerFilter, AnswerTextKind, ModelGuard } from '../../contracts/guard.ts';
import type { StreamPart } from '../../contracts/stream-part.ts';

type TextPart = Extract<StreamPart, { text: string }>;
/** What says a text once more, beside it. */
type BesidePart = Extract<StreamPart, { type: 'logprobs' | 'citation' }>;

/** A text that is being written. */
interface Channel {
  readonly choice: number;
  readonly filters: readonly AnswerFilter[];
  last: TextPart;
  /** What has come of it and not gone on. */
  held: string;
  /** Characters that have gone on. */
  gone: number;
  /** Tokens that wait until so many have, */
  readonly tokens: { readonly after: number; readonly part: BesidePart }[];
  /** and what is cited, until all have. */
  readonly cited: BesidePart[];
  hasEnded: boolean;
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

/**
 * Leads the parts of one answer through the guards: what they hold back comes before whatever follows that text. Tokens and
 * what is cited are the text once more, and would say what was taken out: tokens go on behind their text, and citations at
 * its end, as long as nothing of the choice has been changed.
 */
export class AnswerGuard {
  readonly #guards: readonly ModelGuard[];
  readonly #isTold: boolean;
  /** Texts that are being written, by choice, kind and call. */
  readonly #channels = new Map<string, Channel>();
  /** Of each choice, the one that was written last. */
  readonly #latest = new Map<number, Channel>();
  /** Choices of which a guard has changed something. */
  readonly #changed = new Set<number>();

  /** @param isTold the client has been told this answer before */
  constructor(guards: readonly ModelGuard[], isTold = false) {
    this.#guards = guards;
    this.#isTold = isTold;
  }

  /** @throws what a guard ends the answer with */
  take(part: StreamPart): StreamPart[] {
    // What is written anew has ids anew.
    if (part.type === 'item-start') return [];
    if (part.type === 'logprobs' || part.type === 'citation') return this.#beside(part);
    if (isText(part)) {
      const choice = part.choice ?? 0;
      const key = `${choice}/${part.type}/${'call' in part ? part.call : ''}`;
      // Calls of tools may be written side by side.
      const flushed = part.type === 'tool-call-arguments' ? [] : this.#flush(choice, key);
      const channel = this.#open(key, part, choice);
      channel.last = part;
      this.#latest.set(choice, channel);
      channel.held += part.text;
      const text = channel.filters.reduce((rest, filter) => filter.take(rest), part.text);
      const said = text === '' && part.text !== '' ? [] : [{ ...part, text }];
      return [...flushed, ...said, ...this.#goneOn(channel, text)];
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
    const filters = this.#guards.flatMap((guard) => guard.openAnswer?.(kind, this.#isTold) ?? []);
    const channel = { choice, filters, last, held: '', gone: 0, tokens: [], cited: [], hasEnded: false };
    this.#channels.set(key, channel);
    return channel;
  }

  #beside(part: BesidePart): StreamPart[] {
    const channel = this.#latest.get(choiceOf(part));
    // What there was no text for is of a kind that nobody has read.
    if (!channel || this.#changed.has(channel.choice)) return [];
    if (channel.hasEnded) return [part];
    const { held, gone, tokens, cited } = channel;
    if (part.type === 'logprobs' && held === '') return [part];
    if (part.type === 'logprobs') tokens.push({ after: gone + held.length, part });
    else cited.push(part);
    return [];
  }

  /** @returns the tokens that waited for this text to go on */
  #goneOn(channel: Channel, text: string): StreamPart[] {
    const { tokens, cited, choice } = channel;
    if (channel.held.startsWith(text)) {
      channel.held = channel.held.slice(text.length);
      channel.gone += text.length;
    } else this.#changed.add(choice);
    if (this.#changed.has(choice)) {
      tokens.length = 0;
      cited.length = 0;
    }
    const waiting = tokens.findIndex(({ after }) => after > channel.gone);
    return tokens.splice(0, waiting < 0 ? tokens.length : waiting).map(({ part }) => part);
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
      parts.push(...this.#goneOn(channel, text));
      channel.hasEnded = true;
      if (channel.held === '') parts.push(...channel.cited);
      else this.#changed.add(channel.choice);
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
