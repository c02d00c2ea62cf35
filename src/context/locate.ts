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
 */
export function locate(
  log: readonly Message[],
  seeds: readonly string[],
  turns: Iterable<OpenedTurn>,
): Place {
  const children = new Map<string, OpenedTurn[]>();
  for (const each of turns) {
    if (each.turn.status === 'failed') continue;
    const siblings = children.get(each.turn.parent);
    if (siblings) siblings.push(each);
    else children.set(each.turn.parent, [each]);
  }
  const digests: string[][] = seeds.map(() => []);
  const isAt = (at: number, digest: string): boolean => {
    const message = log[at];
    return seeds.some((seed, which) => {
      const known = digests[which] as string[];
      if (message) known[at] ??= digestOf(seed, message);
      return known[at] === digest;
    });
  };
  let place: Place = { parent: '', count: 0 };
  const ways: Place[] = [place];
  for (let way = ways.pop(); way; way = ways.pop()) {
    if (way.count >= place.count) place = way;
    for (const { turn } of children.get(way.parent) ?? []) {
      const { count } = way;
      // A correction has no words of its client's.
      const isKnown = turn.digests.length > 0 || turn.kind === 'correction';
      if (isKnown && turn.digests.every((digest, i) => isAt(count + i, digest)))
        ways.push({ parent: turn.id, count: count + turn.digests.length });
    }
  }
  return place;
}
