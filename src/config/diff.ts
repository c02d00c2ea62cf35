/** One line of a difference. */
export interface DiffLine {
  kind: 'same' | 'added' | 'removed';
  text: string;
  /** Line number in the old text, or in the new one for what was added. From 1. */
  line: number;
}

/** More edits than this are shown as "all of it was replaced": the search costs the square of their number. */
const MAX_EDITS = 1_000;

/** Lines that did not change, around those that did. */
const CONTEXT = 2;

/**
 * The lines that differ, with two lines around them (E. Myers, "An O(ND) Difference Algorithm and Its Variations",
 * 1986). Nothing for equal texts. Not minimal where more than 1000 lines differ.
 */
export function diffLines(before: string, after: string): DiffLine[] {
  const a = linesOf(before);
  const b = linesOf(after);
  const lines: DiffLine[] = [];
  let [x, y] = [0, 0];
  for (const [nextX, nextY] of [...sameLines(a, b), [a.length, b.length] as const]) {
    for (; x < nextX; x += 1) lines.push({ kind: 'removed', text: a[x]!, line: x + 1 });
    for (; y < nextY; y += 1) lines.push({ kind: 'added', text: b[y]!, line: y + 1 });
    if (x < a.length) lines.push({ kind: 'same', text: a[x]!, line: x + 1 });
    [x, y] = [x + 1, y + 1];
  }
  return nearChanges(lines);
}

/** Indexes of lines that stay, in both texts, in their order. */
export function sameLines(a: readonly string[], b: readonly string[]): [number, number][] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(a.length, b.length) - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
  const middle = commonLines(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  return [
    ...Array.from({ length: head }, (_, at): [number, number] => [at, at]),
    ...middle.map(([x, y]): [number, number] => [x + head, y + head]),
    ...Array.from({ length: tail }, (_, at): [number, number] => [
      a.length - tail + at,
      b.length - tail + at,
    ]),
  ];
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

function nearChanges(lines: readonly DiffLine[]): DiffLine[] {
  const near = new Set<number>();
  for (const [at, { kind }] of lines.entries()) {
    if (kind !== 'same') for (let each = at - CONTEXT; each <= at + CONTEXT; each += 1) near.add(each);
  }
  return lines.filter((_, at) => near.has(at));
}

type Furthest = ReadonlyMap<number, number>;

/** Indexes of lines that stay, in both texts. Empty if there are too many edits. */
function commonLines(a: readonly string[], b: readonly string[]): [number, number][] {
  // How far into `a` one gets on each diagonal k = x - y; kept as it was before each edit, for the way back.
  const trace: Furthest[] = [];
  let furthest: Furthest = new Map([[1, 0]]);
  for (let edits = 0; edits <= Math.min(a.length + b.length, MAX_EDITS); edits += 1) {
    trace.push(furthest);
    const next = new Map<number, number>();
    for (let k = -edits; k <= edits; k += 2) {
      const from = comingFrom(furthest, k, edits);
      let x = (furthest.get(from) ?? 0) + (from < k ? 1 : 0);
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return wayBack(trace, a.length, b.length);
    }
    furthest = next;
  }
  return [];
}

/** The diagonal from which diagonal `k` is reached: one above by adding a line, one below by removing one. */
const comingFrom = (furthest: Furthest, k: number, edits: number): number =>
  k === -edits || (k !== edits && (furthest.get(k - 1) ?? 0) < (furthest.get(k + 1) ?? 0)) ? k + 1 : k - 1;

function wayBack(trace: readonly Furthest[], endX: number, endY: number): [number, number][] {
  const pairs: [number, number][] = [];
  let [x, y] = [endX, endY];
  for (let edits = trace.length - 1; edits >= 0; edits -= 1) {
    const from = comingFrom(trace[edits]!, x - y, edits);
    const beforeX = trace[edits]!.get(from) ?? 0;
    const beforeY = beforeX - from;
    while (x > beforeX && y > beforeY) {
      x -= 1;
      y -= 1;
      pairs.push([x, y]);
    }
    [x, y] = [beforeX, beforeY];
  }
  return pairs.reverse();
}
