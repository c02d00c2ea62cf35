import type { Comparison } from './compare.ts';
import type { Interval, Spread } from './statistics.ts';

const SETTLED = 10;

/** Three significant digits at most, as noise allows no more; a dash for what could not be told. */
export const short = (value: number): string =>
  !Number.isFinite(value)
    ? '–'
    : value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= SETTLED ? 1 : 2);

/** The median, and the ends in brackets. */
export const ranged = (s: Spread): string => `${short(s.median)} (${short(s.min)}–${short(s.max)})`;

/** The median, and its confidence interval in brackets; a dash for what could not be told. */
export const within = (i: Interval, sign = ''): string =>
  Number.isNaN(i.median) ? short(i.median) : `${sign}${short(i.median)} (${short(i.low)}–${short(i.high)})`;

/** The median, and the ends in brackets: in thousands from a thousand on. */
export function thousands({ median, min, max }: Spread): string {
  if (median < 1000) return `${median.toFixed(0)} (${min.toFixed(0)}–${max.toFixed(0)})`;
  return `${(median / 1000).toFixed(1)}k (${(min / 1000).toFixed(1)}–${(max / 1000).toFixed(1)})`;
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** A Markdown table; the first column is text, the others are figures. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const ruler = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [line(head), line(ruler), ...rows.map(line)].join('\n');
}

function toldOf({ verdict, added }: Comparison): string {
  if (verdict === 'different') return within(added, added.median > 0 ? '+' : '');
  if (verdict === 'too few rounds') return verdict;
  return `${verdict} (within ±${short(Math.max(Math.abs(added.low), Math.abs(added.high)))})`;
}

/** Ratio and difference of two subjects, or that there is none larger than what would have been seen. */
export const difference = (c: Comparison): string[] => [
  `${c.subject} ÷ ${c.against}`,
  within(c.ratio),
  toldOf(c),
];

/** A table of comparisons; none of none. */
export const comparisonTable = (heads: readonly string[], comparisons: readonly Comparison[]): string[] =>
  comparisons.length === 0 ? [] : [table(heads, comparisons.map(difference))];

/** How to read comparisons, and how many of them chance alone makes. */
export function comparedOf(comparisons: readonly Comparison[]): string[] {
  const [first] = comparisons;
  if (!first || first.verdict === 'too few rounds') return [];
  const { confidence } = first.added;
  const byChance = comparisons.length * (1 - confidence);
  return [
    `Ratios and differences are medians of the rounds' own, in brackets their confidence interval (order statistics, ${(confidence * 100).toFixed(1)} % each); where that of the difference holds 0, that is no difference, and in brackets behind it stands how large one may be and not be seen.`,
    `The ${comparisons.length} comparisons are not corrected for their number: if nothing differed, chance alone would call ${short(byChance)} of them different.`,
  ];
}
