import type { OpenedTurn } from './path.ts';
import type { SentContext } from './prompt/build-prompt.ts';

/** How much was remembered at a moment. */
export interface Remembered {
  readonly version: number;
  /** Turns on the path, failed ones left out. */
  readonly turns: number;
  /** Estimated tokens of what they say. */
  readonly tokens: number;
}

/** A turn with what was made of its conversation for it. No content. */
export interface JourneyStep {
  readonly id: string;
  readonly version: number;
  readonly before: Remembered;
  readonly after: Remembered;
  /** What of it reached the model; null: the turn asked no model, or its client said everything itself. */
  readonly context: SentContext | null;
  /** The summary in it, where no turn before had that: it was made since. */
  readonly compacted: Pick<SentContext, 'epoch' | 'covered'> | null;
  /** In words, one reason a line. */
  readonly why: readonly string[];
}

/** Versions as they are kept: of those that follow one another the first and the last. */
type Ranges = readonly (number | readonly [first: number, last: number])[];

/** @param versions in their order */
export function rangesOf(versions: readonly number[]): Ranges {
  const ranges: [first: number, last: number][] = [];
  for (const version of versions) {
    const range = ranges.at(-1);
    if (range?.[1] === version - 1) range[1] = version;
    else ranges.push([version, version]);
  }
  return ranges.map((range) => (range[0] === range[1] ? range[0] : range));
}

const versionsIn = (ranges: Ranges): number[] =>
  ranges.flatMap((range) => {
    if (typeof range === 'number') return range;
    const [first, last] = range;
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });

/** What was sent, as it is kept with its turn: a long conversation sends nearly all of its turns at each. */
export const journeyText = (context: SentContext): string =>
  JSON.stringify({ ...context, sent: rangesOf(context.sent), cut: rangesOf(context.cut) });

/** @param text as `journeyText` wrote it, or a gateway that knew no ranges; '' = nothing */
export function journeyIn(text: string): SentContext | null {
  if (text === '') return null;
  const kept = JSON.parse(text) as SentContext & { readonly sent: Ranges; readonly cut: Ranges };
  return { ...kept, sent: versionsIn(kept.sent), cut: versionsIn(kept.cut) };
}

/** The way of each turn, in the order of versions. @param all every turn of the session */
export function journeyOf(all: readonly OpenedTurn[]): JourneyStep[] {
  const steps = new Map<string, Remembered>();
  const nothing: Remembered = { version: 0, turns: 0, tokens: 0 };
  const summaries = new Set<string>();
  const newIn = (context: SentContext | null): JourneyStep['compacted'] => {
    if (!context || context.epoch === 0) return null;
    const { epoch, covered } = context;
    // What is deleted takes all summaries with it: epochs begin anew.
    const name = `${epoch} ${covered}`;
    if (summaries.has(name)) return null;
    summaries.add(name);
    return { epoch, covered };
  };
  return all.map(({ turn }) => {
    const before = steps.get(turn.parent) ?? nothing;
    // A failed turn, or a correction of another, adds nothing that prompts have more of.
    const adds = turn.status !== 'failed' && turn.supersedes === '';
    const after = {
      version: turn.version,
      turns: before.turns + (adds ? 1 : 0),
      tokens: before.tokens + (adds ? turn.tokens : 0),
    };
    steps.set(turn.id, after);
    const context = journeyIn(turn.journey);
    const compacted = newIn(context);
    const why = whyOf({ turn, context, compacted });
    return { id: turn.id, version: turn.version, before, after, context, compacted, why };
  });
}

type Told = Pick<OpenedTurn, 'turn'> & Pick<JourneyStep, 'context' | 'compacted'>;

function whyOf({ turn, context, compacted }: Told): string[] {
  const why: string[] = [];
  if (turn.supersedes !== '') why.push(`Said by ${turn.author} in the place of a turn.`);
  if (turn.staleBase) why.push('Other turns were committed while it was answered: it had not seen them.');
  if (turn.status === 'failed') why.push('No provider answered: it is left out of prompts.');
  if (turn.status === 'incomplete') why.push('The client left or the stream broke: it ends where it ended.');
  const isAsSent = !context && turn.kind === 'turn' && turn.status !== 'failed';
  if (isAsSent) why.push('Its client sent all of the conversation itself: it went on as it came.');
  if (!context) return why;
  const { epoch, covered, cut, recalled, capacity, sent, unsent = 0 } = context;
  if (epoch > 0) why.push(`The turns up to version ${covered} are in the summary of epoch ${epoch}.`);
  if (compacted) why.push('That summary is new: it was made since the turn before.');
  if (cut.length > 0) why.push(`${cut.length} turns were cut: all of it would be over ${capacity} tokens.`);
  if (unsent > 0)
    why.push(`Of its client’s log the first ${unsent} messages were left out for the same reason.`);
  if (recalled.length > 0)
    why.push('What was recalled shares its words with what the user said, and its turns were left out.');
  if (epoch === 0 && cut.length === 0 && unsent === 0) why.push(`All ${sent.length} turns before it fit.`);
  return why;
}
