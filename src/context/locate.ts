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
  /** On the way there others’ words stand that the log lacks: said at once with some of it, or before its client came. */
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
 * @param isTail its first turn may stand anywhere: what goes before that its client has never had
 */
export function locate(
  log: readonly Message[],
  seeds: readonly string[],
  turns: ReadonlyMap<string, OpenedTurn>,
  head?: string,
  isTail = false,
): Place {
  const { behind, beginningWith } = indexOf(turns.values());
  const { isAt, digestsAt } = digestsOf(log, seeds);
  const isNext = ({ turn: { digests } }: OpenedTurn, count: number): boolean =>
    digests.every((digest, i) => isAt(count + i, digest));
  // What was not answered at all is said once more, and not answered behind itself.
  const isAskedAgain = ({ turn: { status, digests } }: OpenedTurn, count: number): boolean =>
    status === 'incomplete' && count + digests.length === log.length && log.at(-1)?.role !== 'assistant';
  /** Of these turns those that a log goes on with. */
  const goOn = (those: readonly OpenedTurn[], { count, isMerged }: Place): Place[] =>
    those
      .filter((each) => isNext(each, count) && !isAskedAgain(each, count))
      .map(({ turn: { id, digests } }) => ({
        parent: id,
        count: count + digests.length,
        ...(isMerged && { isMerged }),
      }));
  const spokenAt = (count: number): OpenedTurn[] =>
    digestsAt(count).flatMap((digest) => beginningWith.get(digest) ?? []);
  const follow = (way: Place): Place[] => {
    const ways = goOn(behind.get(way.parent) ?? [], way);
    if (head === undefined) return ways;
    const since = turns.get(way.parent)?.turn.version ?? 0;
    const passing = spokenAt(way.count).filter(
      (each) =>
        each.turn.version > since &&
        each.turn.version - since <= MOST_AT_ONCE &&
        isNext(each, way.count) &&
        isBehindOthers(each.turn, way.parent, since, turns),
    );
    return [...ways, ...goOn(passing, { ...way, isMerged: true })];
  };
  // One word alone may be anybody's.
  const started = spokenAt(0).filter(({ turn: { digests } }) => digests.length > 1);
  const place = furthest(isTail ? goOn(started, { ...NOWHERE, isMerged: true }) : [NOWHERE], follow, turns);
  if (head === undefined) return place;
  const isNew = place.count > 0 && !log.slice(place.count).some(({ role }) => role === 'assistant');
  const since = isNew && place.parent !== head ? turnsBetween(place.parent, head, turns) : undefined;
  return since?.every(mayBeUnread) ? { parent: head, count: place.count, isMerged: true } : place;
}

const NOWHERE: Place = { parent: '', count: 0 };

/** Turns, but for those that failed, by the one that each is behind, and by the digest of their first message. */
function indexOf(turns: Iterable<OpenedTurn>) {
  const [behind, beginningWith] = [new Map<string, OpenedTurn[]>(), new Map<string, OpenedTurn[]>()];
  const put = (among: Map<string, OpenedTurn[]>, key: string, turn: OpenedTurn): void => {
    const those = among.get(key);
    if (those) those.push(turn);
    else among.set(key, [turn]);
  };
  for (const each of turns) {
    const [first] = each.turn.digests;
    // A correction has no words of its client's.
    if (each.turn.status === 'failed' || (first === undefined && each.turn.kind !== 'correction')) continue;
    put(behind, each.turn.parent, each);
    if (first !== undefined) put(beginningWith, first, each);
  }
  return { behind, beginningWith };
}

/** Where the longest of some ways ends; of equals the one to the newest turn. */
function furthest(
  ways: Place[],
  follow: (way: Place) => readonly Place[],
  turns: ReadonlyMap<string, OpenedTurn>,
): Place {
  const versionOf = ({ parent }: Place): number => turns.get(parent)?.turn.version ?? 0;
  const seen = new Set<string>();
  let place = NOWHERE;
  for (let way = ways.pop(); way; way = ways.pop()) {
    const { count } = way;
    if (count > place.count || (count === place.count && versionOf(way) > versionOf(place))) place = way;
    const key = `${count} ${way.parent}`;
    if (!seen.has(key)) ways.push(...follow(way));
    seen.add(key);
  }
  return place;
}

/** Versions that a conversation has grown by at most while a turn was answered: of a long one in which the same is said again and
 * again every turn could else be behind every other. */
const MOST_AT_ONCE = 128;

/**
 * Whether between an earlier turn and one behind it others stand, and only such as were said at once with one of the two.
 * @param since the version of the earlier one
 */
function isBehindOthers(
  turn: OpenedTurn['turn'],
  earlier: string,
  since: number,
  turns: ReadonlyMap<string, OpenedTurn>,
): boolean {
  let isBehind = false;
  for (let at = turn.parent; at !== earlier; ) {
    const each = turns.get(at);
    if (!each || each.turn.version < since || !(turn.staleBase || mayBeUnread(each))) return false;
    // Behind corrections alone it is found anyway.
    isBehind ||= each.turn.kind !== 'correction';
    at = each.turn.parent;
  }
  return isBehind;
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
  const { isAt } = digestsOf(log, seeds);
  for (let count = Math.min(said.length, log.length - 1); count > 0; count--) {
    const first = said[said.length - count];
    if (!first?.isStart || !isAt(0, first.digest)) continue;
    if (said.slice(-count).every(({ digest }, at) => isAt(at, digest))) return count;
  }
  return 0;
}

/** What knows the digests of a log’s messages by these seeds; each is computed once, when it is asked for. */
function digestsOf(log: readonly Message[], seeds: readonly string[]) {
  const digests: string[][] = seeds.map(() => []);
  const digestAt = (at: number, which: number): string | undefined => {
    const [known, message] = [digests[which] as string[], log[at]];
    if (message) known[at] ??= digestOf(seeds[which] as string, message);
    return known[at];
  };
  const all = seeds.map((_, which) => which);
  return {
    isAt: (at: number, digest: string): boolean => all.some((which) => digestAt(at, which) === digest),
    digestsAt: (at: number): string[] => all.flatMap((which) => digestAt(at, which) ?? []),
  };
}
