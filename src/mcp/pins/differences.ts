const MOST = 20;
const LONGEST = 300;

const isContainer = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Characters before the first that differs. */
const BEFORE = 60;

/** Both sides from where they begin to differ: what stands after a long beginning that is the same is what matters. */
function shown(before: unknown, after: unknown): string {
  const [left, right] = [before, after].map((value) =>
    value === undefined ? 'nothing' : JSON.stringify(value),
  ) as [string, string];
  let same = 0;
  while (same < left.length && left[same] === right[same]) same++;
  const from = Math.max(0, same - BEFORE);
  const part = (text: string): string =>
    `${from > 0 ? '…' : ''}${text.slice(from, from + LONGEST)}${text.length > from + LONGEST ? '…' : ''}`;
  return `${part(left)} → ${part(right)}`;
}

/**
 * What differs between two JSON values, a line each: `/description: "before" → "after"`. At most 20 lines and one that says
 * how many more there are.
 */
export function differences(before: unknown, after: unknown): string[] {
  const all = allOf(before, after, '');
  return all.length > MOST ? [...all.slice(0, MOST), `and ${all.length - MOST} more differences`] : all;
}

function allOf(before: unknown, after: unknown, path: string): string[] {
  if (Object.is(before, after)) return [];
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after))
    return [`${path || '/'}: ${shown(before, after)}`];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) =>
    allOf(before[key], after[key], `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
}
