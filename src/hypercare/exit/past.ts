// What findings were like before now, from their histories: a sign-off asks for the whole window, and not for today.
import type { Priority } from '../../contracts/finding.ts';
import { type Finding, isOver } from '../findings/finding.ts';

/** From and to, milliseconds since the epoch. */
interface Span {
  readonly begin: number;
  readonly end: number;
}

interface PrioritySpan extends Span {
  readonly priority: Priority;
}

/** Before it was there: less urgent than anything. */
const NONE = 'P5';
/** As `findings/intake.ts` writes it down. */
const MOVE = /^(P[0-4]) → (P[0-4])$/;

/** What was over by then has no part in it: of a long care most, and their histories need not be read. */
export const wasOverBy = (finding: Finding, at: number): boolean =>
  isOver(finding) && (finding.history.at(-1)?.at ?? at) < at;

/** When it was open with a priority: it may have been more than once. */
export function openAs(finding: Finding, priority: Priority, now: number): Span[] {
  const had = prioritiesOf(finding, now).filter((each) => each.priority === priority);
  if (had.length === 0) return [];
  return openSpans(finding, now).flatMap((open) =>
    had.flatMap((each) => {
      const begin = Math.max(open.begin, each.begin);
      const end = Math.min(open.end, each.end);
      return begin <= end ? [{ begin, end }] : [];
    }),
  );
}

/** When it first was as urgent as that: new with it, or risen to it. Undefined: it never was, or only calmed down to it. */
export function becameUrgentAt(finding: Finding, priority: Priority): number | undefined {
  const all = prioritiesOf(finding, Number.POSITIVE_INFINITY);
  return all.find((each, i) => each.priority === priority && (all[i - 1]?.priority ?? NONE) > priority)
    ?.begin;
}

/** What its priority was, and when; the last one is of today. */
function prioritiesOf({ openedAt, history, priority }: Finding, now: number): PrioritySpan[] {
  const moves = history.flatMap(({ at, what, note }) => {
    const [, from, to] = (what === 'priority' && MOVE.exec(note)) || [];
    return from && to ? [{ at, from: from as Priority, to: to as Priority }] : [];
  });
  const spans: PrioritySpan[] = [];
  let begin = openedAt;
  let before: Priority | undefined;
  for (const { at, from, to } of moves) {
    // Of a long history the middle is not kept: the more urgent of both ends counts.
    spans.push({ priority: before !== undefined && before < from ? before : from, begin, end: at });
    [before, begin] = [to, at];
  }
  spans.push({ priority, begin, end: now });
  return spans;
}

/** When it was open, from its history. */
function openSpans({ openedAt, history }: Finding, now: number): Span[] {
  const spans: Span[] = [];
  let begin: number | null = openedAt;
  for (const { to, at } of history) {
    const isEnd = to === 'resolved' || to === 'expired';
    if (isEnd && begin !== null) spans.push({ begin, end: at });
    if (isEnd) begin = null;
    else if (to !== null && begin === null) begin = at;
  }
  if (begin !== null) spans.push({ begin, end: now });
  return spans;
}
