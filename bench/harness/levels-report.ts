import { type Comparison, compared } from './compare.ts';
import { ALONE, type Found, type LevelWindow, over } from './levels.ts';
import { spread } from './statistics.ts';
import type { Pair } from './suite.ts';
import { comparisonTable, percent, ranged, short, table } from './wording.ts';

/** What stands with the name of a subject that was not measured as the others were. */
export interface Mark {
  text: string;
  /** Whether its figures are left out: they are not its own, or of something else than was asked. */
  hides: boolean;
}

/** The mark of somebody whose load could not do what it should. */
export const OF_LOAD: Mark = { text: 'the load was the bottleneck', hides: true };

/**
 * A mark that says in how many rounds something was not as it should be. Of who has that in half of its rounds there are no
 * figures; where it is fewer, the figures are those of all rounds: without the worst they would flatter.
 * @param reasons of each round what was not as it should be; null: nothing
 */
export function markOfRounds(reasons: readonly (string | null)[]): Mark | undefined {
  const missed = reasons.filter((reason) => reason !== null);
  if (missed.length === 0) return undefined;
  const counts = [...Map.groupBy(missed, (reason) => reason)].map(
    ([reason, { length }]) => `${reason} in ${length} of ${reasons.length}`,
  );
  return { text: counts.join(', '), hides: 2 * missed.length >= reasons.length };
}

/** What a table of a level has in a row beside the subject: heads, and figures of its windows. */
export interface Column<Figures> {
  head: string;
  /** Whether it stands in the row of a subject without figures as well. */
  stays?: boolean;
  of: (subject: string, windows: readonly LevelWindow<Figures>[]) => string;
}

/** A figure of a subject less that of the client at the upstream itself, round by round. */
export const added = <Figures>(
  found: Found<Figures>,
  subject: string,
  figure: (told: Figures) => number,
): number[] =>
  (found[subject] ?? []).map(({ figures }, round) => {
    const alone = found[ALONE]?.[round];
    return figure(figures) - (alone ? figure(alone.figures) : Number.NaN);
  });

/** The median of what is added, and the ends in brackets. */
export const addedColumn = <Figures>(
  head: string,
  found: Found<Figures>,
  figure: (told: Figures) => number,
): Column<Figures> => ({
  head,
  of: (subject) => ranged(spread(added(found, subject, figure))),
});

/** Shares of their cores, which everybody shows. */
export const busyColumns = <Figures>(): Column<Figures>[] => [
  { head: 'its core', stays: true, of: (_, windows) => percent(over(windows, (w) => w.subjectBusy).median) },
  { head: 'load’s core', stays: true, of: (_, windows) => percent(over(windows, (w) => w.loadBusy).median) },
];

/** A row a subject; who has a mark has it with its name. */
export function levelTable<Figures>(
  found: Found<Figures>,
  columns: readonly Column<Figures>[],
  marks: ReadonlyMap<string, Mark>,
): string {
  const rows = Object.entries(found)
    .filter(([subject]) => subject !== ALONE)
    .map(([subject, windows]) => {
      const mark = marks.get(subject);
      const figures = columns.map(({ of, stays = false }) =>
        mark?.hides && !stays ? '–' : of(subject, windows),
      );
      return [mark === undefined ? subject : `${subject}: **${mark.text}**`, ...figures];
    });
  return table(['subject', ...columns.map(({ head }) => head)], rows);
}

/** Pairs of subjects by a figure of theirs, a value a round; none with one whose figures are left out. */
export function pairTable(
  heads: readonly [string, string],
  pairs: readonly Pair[],
  figures: (subject: string) => number[],
  marks: ReadonlyMap<string, Mark>,
): string[] {
  const comparisons: Comparison[] = pairs
    .filter(({ subject, against }) => !marks.get(subject)?.hides && !marks.get(against)?.hides)
    .map(({ subject, against }) => compared(subject, against, figures(subject), figures(against)))
    .filter((comparison) => Number.isFinite(comparison.added.median));
  const [what, unit] = heads;
  return comparisonTable([what, 'ratio', unit], comparisons);
}

/** How a sentence begins about the client at the upstream itself. */
export const aloneOf = (mark: Mark | undefined): string =>
  `Client at the upstream itself${mark === undefined ? '' : ` (**${mark.text}**)`}`;

/** The median of a figure of the client at the upstream itself. */
export const direct = <Figures>(found: Found<Figures>, figure: (told: Figures) => number): string =>
  short(over(found[ALONE] ?? [], ({ figures }) => figure(figures)).median);
