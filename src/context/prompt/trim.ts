import type { Message } from '../../contracts/model-request.ts';
import { cutsOf } from '../cuts.ts';
import type { SpokenTurn } from '../turn.ts';
import { tokensIn } from './figures.ts';

/**
 * Leaves the oldest turns out of one prompt where all of it would not fit the model: a compaction was not ready in time.
 * Nothing is stored of it. Calls stay with their results, also with those that come only now.
 *
 * @param rest tokens of everything else in the prompt
 * @param capacity tokens that a prompt may have
 * @param forRecall those of them that are kept free for what is recalled, once it has to be trimmed
 */
export function trimToFit(
  turns: readonly SpokenTurn[],
  fresh: readonly Message[],
  rest: number,
  capacity: number,
  forRecall: number,
): { kept: readonly SpokenTurn[]; cut: readonly SpokenTurn[] } {
  let tokens = rest + tokensIn(turns);
  if (tokens <= capacity) return { kept: turns, cut: [] };
  const cuts = cutsOf([...turns, { messages: fresh }]);
  let from = 0;
  for (let at = 1; at <= turns.length && tokens > capacity - forRecall; at++) {
    const skipped = turns.slice(from, at);
    if (!cuts[at]) continue;
    tokens -= skipped.reduce((sum, turn) => sum + turn.tokens, 0);
    from = at;
  }
  return { kept: turns.slice(from), cut: turns.slice(0, from) };
}
