import { type Comparison, compared } from './compare.ts';
import { ALONE, type Found, type LevelWindow, over } from './levels.ts';
import { spread } from './statistics.ts';
import type { Pair } from './suite.ts';
import { comparisonTable, percent, ranged, short, table } from './wording.ts';

/** What a table of a level has in a row beside the subject: heads, and figures of its windows. */
export interface Column<Figures> {
  head: string;
  /** Whether it stands in the row of a subject with a mark as well. */
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

/** A row a subject; who has a mark has it in place of figures, which are not its own. */
export function levelTable<Figures>(
  found: Found<Figures>,
  columns: readonly Column<Figures>[],
  marks: ReadonlyMap<string, string>,
): string {
  const rows = Object.entries(found)
    .filter(([subject]) => subject !== ALONE)
    .map(([subject, windows]) => {
      const mark = marks.get(subject);
      const figures = columns.map(({ of, stays = false }) =>
        mark === undefined || stays ? of(subject, windows) : '–',
      );
      return [mark === undefined ? subject : `${subject}: **${mark}**`, ...figures];
    });
  return table(['subject', ...columns.map(({ head }) => head)], rows);
}

/** Pairs of subjects by a figure of theirs, a value a round; none with one that has a mark. */
export function pairTable(
  heads: readonly [string, string],
  pairs: readonly Pair[],
  figures: (subject: string) => number[],
  marks: ReadonlyMap<string, string>,
): string[] {
  const comparisons: Comparison[] = pairs
    .filter(({ subject, against }) => !marks.has(subject) && !marks.has(against))
    .map(({ subject, against }) => compared(subject, against, figures(subject), figures(against)))
    .filter((comparison) => Number.isFinite(comparison.added.median));
  const [what, unit] = heads;
  return comparisonTable([what, 'ratio', unit], comparisons);
}

/** The median of a figure of the client at the upstream itself. */
export const direct = <Figures>(found: Found<Figures>, figure: (told: Figures) => number): string =>
  short(over(found[ALONE] ?? [], ({ figures }) => figure(figures)).median);
