import type { AnswerFilter, AnswerTextKind, ModelGuard } from '../../contracts/guard.ts';
import type { StreamPart } from '../../contracts/stream-part.ts';
import { concludeText, endText, guardedText, openFilters, takeText } from '../../lib/answer-filters.ts';
import { parseObject } from '../../lib/json.ts';
import { guardTexts } from './guard-result.ts';
import { eventTexts } from './request-texts.ts';

type TextPart = Extract<StreamPart, { text: string }>;
type CitationPart = Extract<StreamPart, { type: 'citation' }>;
/** What says a text once more, beside it. */
type BesidePart = CitationPart | Extract<StreamPart, { type: 'logprobs' }>;

/** A text that is being written. */
interface Channel {
  readonly choice: number;
  readonly filters: readonly AnswerFilter[];
  /** What follows it waits until it is known what it was. */
  readonly isJudged: boolean;
  last: TextPart;
  /** What has come of it and not gone on. */
  held: string;
  /** All that has come, of what a tool is called with. */
  arguments: string;
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
  refusal: 'refusal',
  reasoning: 'reasoning',
  'tool-call-arguments': 'arguments',
};

/** Whether any of them reads answers. */
export const answerIsGuarded = (guards: readonly ModelGuard[]): boolean =>
  guards.some(({ openAnswer }) => openAnswer !== undefined);

const isText = (part: StreamPart): part is TextPart => Object.hasOwn(KINDS, part.type);
const isBeside = (part: StreamPart): part is BesidePart =>
  part.type === 'logprobs' || part.type === 'citation';

/** Whether what its choice says beside it is no answer to what was asked. */
const isNoAnswer = (part: StreamPart): boolean =>
  part.type === 'tool-call-start' ||
  (part.type === 'refusal' && part.text !== '') ||
  (part.type === 'finish' && part.reason === 'refusal');

/** Characters of parts, as JSON, that wait for a text to be judged: as the longest that is. */
const MOST_WAITING = 4 * 1024 * 1024;

/**
 * Leads the parts of one answer through the guards: what they hold back comes before whatever follows that text. Tokens and
 * what is cited are the text once more, and would say what was taken out: tokens go on behind their text, and citations at
 * its end, as long as nothing of the choice has been changed. What is cited is read itself, too: it is words of a document.
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
  /** By choice, what wants to know how it ends. */
  readonly #unconcluded = new Map<number, AnswerFilter[]>();
  /** Choices that call a tool, or refuse. */
  readonly #asides = new Set<number>();
  /** By choice, what follows a text of which it is not known yet whether it is the answer. */
  readonly #waiting = new Map<number, StreamPart[]>();
  #waited = 0;

  /** @param isTold the client has been told this answer before */
  constructor(guards: readonly ModelGuard[], isTold = false) {
    this.#guards = guards;
    this.#isTold = isTold;
  }

  /** @throws what a guard ends the answer with */
  take(part: StreamPart): StreamPart[] {
    // What is written anew has ids anew.
    if (part.type === 'item-start') return [];
    if (part.type === 'end') return [...this.end(), part];
    if (!OF_CHOICE.has(part.type)) return [part];
    const choice = choiceOf(part);
    const isAside = isNoAnswer(part);
    if (isAside) this.#asides.add(choice);
    if (isAside || part.type === 'finish') {
      const parts = [...this.#goOn(choice), ...this.#show(part)];
      if (part.type === 'finish') this.#conclude(choice);
      return parts;
    }
    return this.#mustWait(part, choice) ? this.#wait(part, choice) : this.#show(part);
  }

  /** Nothing comes any more. */
  end(): StreamPart[] {
    const parts = [...[...this.#waiting.keys()].flatMap((choice) => this.#goOn(choice)), ...this.#flush()];
    for (const choice of this.#unconcluded.keys()) this.#conclude(choice);
    return parts;
  }

  #conclude(choice: number): void {
    const filters = this.#unconcluded.get(choice);
    if (!filters) return;
    this.#unconcluded.delete(choice);
    concludeText(filters, this.#asides.has(choice));
  }

  #show(part: StreamPart): StreamPart[] {
    if (isBeside(part)) return this.#beside(part);
    const choice = choiceOf(part);
    if (!isText(part)) return [...this.#flush(choice, part), part];
    const isCall = part.type === 'tool-call-arguments';
    // Calls of tools may be written side by side.
    const flushed = isCall ? [] : this.#flush(choice, part);
    const channel = this.#open(keyOf(part), part, choice);
    channel.last = part;
    if (isCall) channel.arguments += part.text;
    this.#latest.set(choice, channel);
    channel.held += part.text;
    const text = takeText(channel.filters, part.text, this.#asides.has(choice));
    const said = text === '' && part.text !== '' ? [] : [{ ...part, text }];
    return [...flushed, ...said, ...this.#goneOn(channel, text)];
  }

  /** Whether it would end a text, or follows one, that a call of a tool may follow yet: thoughts come between, and seals. */
  #mustWait(part: StreamPart, choice: number): boolean {
    if (this.#asides.has(choice)) return false;
    if (this.#waiting.has(choice)) return true;
    if (isBeside(part)) return false;
    const own = isText(part) ? keyOf(part) : '';
    for (const [key, channel] of this.#channels)
      if (channel.isJudged && channel.choice === choice && key !== own) return true;
    return false;
  }

  #wait(part: StreamPart, choice: number): StreamPart[] {
    const waiting = this.#waiting.get(choice);
    if (waiting) waiting.push(part);
    else this.#waiting.set(choice, [part]);
    this.#waited += JSON.stringify(part).length;
    return this.#waited > MOST_WAITING ? this.#goOn(choice) : [];
  }

  /** @returns what has waited in a choice, and before it the texts that it follows */
  #goOn(choice: number): StreamPart[] {
    const waiting = this.#waiting.get(choice);
    if (!waiting) return [];
    this.#waiting.delete(choice);
    return [...this.#flush(choice), ...waiting.flatMap((part) => this.#show(part))];
  }

  #open(key: string, last: TextPart, choice: number): Channel {
    const known = this.#channels.get(key);
    if (known) return known;
    const kind = KINDS[last.type];
    const filters = openFilters(this.#guards, kind, this.#isTold);
    const isJudged = filters.some(({ judges }) => judges);
    const begun = { held: '', arguments: '', gone: 0, tokens: [], cited: [], hasEnded: false };
    const channel = { choice, filters, isJudged, last, ...begun };
    this.#channels.set(key, channel);
    for (const filter of filters) {
      if (!filter.conclude) continue;
      const others = this.#unconcluded.get(choice);
      if (others) others.push(filter);
      else this.#unconcluded.set(choice, [filter]);
    }
    return channel;
  }

  #beside(part: BesidePart): StreamPart[] {
    const choice = choiceOf(part);
    if (this.#changed.has(choice)) return [];
    const channel = this.#latest.get(choice);
    if (part.type === 'citation') return this.#cite(part, channel);
    // What there was no text for is of a kind that nobody has read.
    if (!channel) return [];
    const { held, gone, tokens, hasEnded } = channel;
    if (hasEnded || held === '') return [part];
    tokens.push({ after: gone + held.length, part });
    return [];
  }

  /** @param channel the text that cites; undefined: it follows, as of Anthropic's models */
  #cite(part: CitationPart, channel: Channel | undefined): StreamPart[] {
    const citation = { ...structuredClone(part.citation) };
    const guard = (text: string): string => guardedText(this.#guards, 'result', text, this.#isTold);
    const read = guardTexts(eventTexts(citation), guard) ? { ...part, citation } : part;
    if (!channel || channel.hasEnded) return [read];
    channel.cited.push(read);
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

  /** @param next in the choice: what it does not end goes on behind it */
  #flush(choice?: number, next?: StreamPart): StreamPart[] {
    const parts: StreamPart[] = [];
    for (const [key, channel] of this.#channels) {
      if (choice !== undefined && channel.choice !== choice) continue;
      if (next && mayGoOn(channel, next)) continue;
      this.#channels.delete(key);
      const text = endText(channel.filters, this.#asides.has(channel.choice));
      if (text !== '') parts.push({ ...channel.last, text });
      parts.push(...this.#goneOn(channel, text));
      channel.hasEnded = true;
      if (channel.held === '') parts.push(...channel.cited);
      else this.#changed.add(channel.choice);
    }
    return parts;
  }
}

/** Parts that stand in a choice. */
const OF_CHOICE: ReadonlySet<StreamPart['type']> = new Set([
  'text',
  'refusal',
  'reasoning',
  'tool-call-arguments',
  'logprobs',
  'citation',
  'finish',
  'image',
  'tool-call-start',
  'reasoning-signature',
  'reasoning-opaque',
] satisfies StreamPart['type'][]);

/** Whether more of a text may come behind another part of its choice: of a call, until what it is called with is whole. */
function mayGoOn({ last, arguments: said }: Channel, next: StreamPart): boolean {
  if (next.type === 'finish') return false;
  // What does not end as an object does need not be read.
  if (last.type === 'tool-call-arguments')
    return !said.trimEnd().endsWith('}') || parseObject(said) === undefined;
  return isText(next) && keyOf(next) === keyOf(last);
}

const choiceOf = (part: StreamPart): number => ('choice' in part ? (part.choice ?? 0) : 0);

const keyOf = (part: TextPart): string => `${choiceOf(part)}/${part.type}/${'call' in part ? part.call : ''}`;
