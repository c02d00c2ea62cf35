/** How much of what differs is said: lines, and characters of either side. */
interface Extent {
  readonly most: number;
  readonly longest: number;
}
const BRIEF: Extent = { most: 20, longest: 300 };
/** For who is to trust it: a part of it would hide the rest. */
export const WHOLE: Extent = { most: Number.POSITIVE_INFINITY, longest: Number.POSITIVE_INFINITY };

/** Characters that nobody sees, and a model reads: of format, for private use, of no script, and variants of others. */
const UNSEEN = /[\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Variation_Selector}]/gu;
const seen = (text: string): string =>
  text.replaceAll(UNSEEN, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);

const isContainer = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Characters before the first that differs. */
const BEFORE = 60;

/** Both sides from where they begin to differ: what stands after a long beginning that is the same is what matters. */
function shown(before: unknown, after: unknown, { longest }: Extent): string {
  const [left, right] = [before, after].map((value) =>
    value === undefined ? 'nothing' : seen(JSON.stringify(value)),
  ) as [string, string];
  let same = 0;
  while (same < left.length && left[same] === right[same]) same++;
  const from = Math.max(0, same - BEFORE);
  const part = (text: string): string =>
    `${from > 0 ? '…' : ''}${text.slice(from, from + longest)}${text.length > from + longest ? '…' : ''}`;
  return `${part(left)} → ${part(right)}`;
}

/**
 * What differs between two JSON values, a line each: `/description: "before" → "after"`. At most 20 lines and one that says
 * how many more there are, if nothing else is said.
 */
export function differences(before: unknown, after: unknown, extent = BRIEF): string[] {
  const all = allOf(before, after, { path: '', extent });
  const { most } = extent;
  return all.length > most ? [...all.slice(0, most), `and ${all.length - most} more differences`] : all;
}

function allOf(before: unknown, after: unknown, at: { path: string; extent: Extent }): string[] {
  const { path, extent } = at;
  if (Object.is(before, after)) return [];
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after))
    return [`${seen(path) || '/'}: ${shown(before, after, extent)}`];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) =>
    allOf(before[key], after[key], {
      path: `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      extent,
    }),
  );
}
