import type { Message } from '../contracts/model-request.ts';
import type { SessionHead } from '../contracts/session.ts';
import { digestOf, isSameMessage } from './canonical.ts';
import type { OpenedTurn } from './path.ts';

/** Where a log that its client sent whole leaves what is stored. */
export interface Place {
  /** Id of the last turn that the log has whole; '' = it has none. */
  readonly parent: string;
  /** Messages of the log that are stored up to there. */
  readonly count: number;
  /** What was said at once with some of it stands on the way there: the log lacks it. */
  readonly isMerged?: true;
}

/**
 * Whether a log begins with all that was said up to the head, told by the words themselves: of a long conversation whose
 * turns are at hand no hash has to be computed. False says nothing: some turns may not be at hand, or were redacted.
 * @param path to the head
 */
export function beginsWith(
  log: readonly Message[],
  path: readonly OpenedTurn[],
  { count, hash }: Pick<SessionHead, 'count' | 'hash'>,
): boolean {
  if (hash === '' || count > log.length || path[0]?.turn.parent !== '') return false;
  let at = 0;
  for (const { turn, content } of path) {
    // A correction has no words of its client's; of a turn the client's are the last, behind what a developer said.
    const own = turn.digests.length;
    const first = content.messages.length - own;
    if (own === 0) continue;
    if (first < 0) return false;
    for (let i = 0; i < own; i++, at++) {
      const sent = log[at];
      if (!sent || !isSameMessage(sent, content.messages[first + i] as Message)) return false;
    }
  }
  return at === count;
}

/**
 * Follows a log through the tree of turns, by their digests, as far as it goes: to the newest of equals.
 * @param seeds of the digests: today's, and those of before
 * @param head where the session is, if what others said at once, which its client has not read, is passed over; undefined =
 * it is not
 */
export function locate(
  log: readonly Message[],
  seeds: readonly string[],
  turns: ReadonlyMap<string, OpenedTurn>,
  head?: string,
): Place {
  const children = new Map<string, OpenedTurn[]>();
  for (const each of turns.values()) {
    if (each.turn.status === 'failed') continue;
    const siblings = children.get(each.turn.parent);
    if (siblings) siblings.push(each);
    else children.set(each.turn.parent, [each]);
  }
  const isAt = digestsOf(log, seeds);
  const isNext = ({ digests }: OpenedTurn['turn'], count: number): boolean =>
    digests.every((digest, i) => isAt(count + i, digest));
  const follow = (start: Place): Place => {
    let place = start;
    const ways = [start];
    for (let way = ways.pop(); way; way = ways.pop()) {
      if (way.count >= place.count) place = way;
      for (const { turn } of children.get(way.parent) ?? []) {
        // A correction has no words of its client's.
        const isKnown = turn.digests.length > 0 || turn.kind === 'correction';
        if (isKnown && isNext(turn, way.count))
          ways.push({ ...way, parent: turn.id, count: way.count + turn.digests.length });
      }
    }
    return place;
  };
  let place = follow({ parent: '', count: 0 });
  if (head === undefined) return place;
  const behind = ({ parent, count }: Place): OpenedTurn | undefined =>
    turns.values().find(({ turn }) => isNext(turn, count) && isBehindOthers(turn, parent, turns));
  for (let next = behind(place); next; next = behind(place)) {
    const count = place.count + next.turn.digests.length;
    place = follow({ parent: next.turn.id, count, isMerged: true });
  }
  const isNew = place.count > 0 && !log.slice(place.count).some(({ role }) => role === 'assistant');
  const since = isNew && place.parent !== head ? turnsBetween(place.parent, head, turns) : undefined;
  return since?.every(mayBeUnread) ? { parent: head, count: place.count, isMerged: true } : place;
}

/** Whether between an earlier turn and one behind it others stand, and only such as were said at once with one of the two. */
function isBehindOthers(
  turn: OpenedTurn['turn'],
  earlier: string,
  turns: ReadonlyMap<string, OpenedTurn>,
): boolean {
  if (turn.digests.length === 0 || turn.status === 'failed' || turn.parent === earlier) return false;
  const between = turnsBetween(earlier, turn.parent, turns);
  return between !== undefined && (turn.staleBase || between.every(mayBeUnread));
}

/** It was merged behind turns whose clients knew nothing of it; or a person has put it there. */
const mayBeUnread = ({ turn }: OpenedTurn): boolean => turn.staleBase || turn.kind === 'correction';

/** The turns behind one up to another, from the last; undefined: there is no way from the one to the other. */
function turnsBetween(
  from: string,
  to: string,
  turns: ReadonlyMap<string, OpenedTurn>,
): OpenedTurn[] | undefined {
  const between: OpenedTurn[] = [];
  // They only grow along a path.
  const since = turns.get(from)?.turn.version ?? 0;
  for (let at = to; at !== from; ) {
    const each = turns.get(at);
    if (!each || each.turn.version < since) return undefined;
    between.push(each);
    at = each.turn.parent;
  }
  return between;
}

/**
 * How many messages of a log, from its first, are those that a path ends with: a client that sends only what is new repeats
 * what has led to a call when it brings the results. They are whole turns, or begin with a turn's answer.
 * @returns 0 if there are none, or if nothing comes behind them
 */
export function repeated(
  log: readonly Message[],
  seeds: readonly string[],
  path: readonly OpenedTurn[],
): number {
  // Who says but what is new may say the same again.
  if (!log.some(({ role }) => role === 'assistant')) return 0;
  const said = path.flatMap(({ turn: { digests } }) =>
    digests.map((digest, at) => ({ digest, isStart: at === 0 || at === digests.length - 1 })),
  );
  const isAt = digestsOf(log, seeds);
  for (let count = Math.min(said.length, log.length - 1); count > 0; count--) {
    const first = said[said.length - count];
    if (!first?.isStart || !isAt(0, first.digest)) continue;
    if (said.slice(-count).every(({ digest }, at) => isAt(at, digest))) return count;
  }
  return 0;
}

/** What tells whether a message of a log has a digest, by any of these seeds; each is computed once. */
function digestsOf(
  log: readonly Message[],
  seeds: readonly string[],
): (at: number, digest: string) => boolean {
  const digests: string[][] = seeds.map(() => []);
  return (at, digest) => {
    const message = log[at];
    return seeds.some((seed, which) => {
      const known = digests[which] as string[];
      if (message) known[at] ??= digestOf(seed, message);
      return known[at] === digest;
    });
  };
}
