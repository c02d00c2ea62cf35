import type { Message } from '../contracts/model-request.ts';
import { digestOf, wishesDigest } from './canonical.ts';
import type { LiveTurn } from './live-turn.ts';
import { type OpenedTurn, resultsOf } from './path.ts';

/**
 * Places what is said again, because the answer to it broke off: results, whose calls have them by then, or the question of a
 * request that comes again with its key. What follows is in the place of the half answer.
 * @param head the turn that the session is at
 */
export function takePlace(turn: LiveTurn, seed: string, head: OpenedTurn | undefined): void {
  if (head?.turn.status !== 'incomplete') return;
  const now = turn.fresh.slice(turn.fresh.findLastIndex(({ role }) => role === 'assistant') + 1);
  if (!(head.turn.resolves === '' ? isAskedAgain(turn, seed, head) : areBroughtAgain(now, head))) return;
  turn.parent = head.turn.parent;
  turn.inPlaceOf = head.turn.id;
  turn.isBranch = true;
  turn.baseCount -= head.turn.digests.length;
}

function areBroughtAgain(now: readonly Message[], head: OpenedTurn): boolean {
  const [brought, before] = [resultsOf(now), resultsOf(head.content.messages)];
  return brought.length > 0 && brought.join('\n') === before.join('\n');
}

/** Whoever says the same again without a key may mean just that. */
function isAskedAgain({ ask, fresh }: LiveTurn, seed: string, { turn: half }: OpenedTurn): boolean {
  const said = half.digests.slice(0, fresh.length);
  const isSame = said.length === fresh.length && half.digests.length <= fresh.length + 1;
  return (
    ask.key !== '' &&
    half.asked === wishesDigest(seed, ask.wishes) &&
    isSame &&
    fresh.every((message, at) => digestOf(seed, message) === said[at])
  );
}
