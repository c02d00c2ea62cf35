import type { Message } from '../../contracts/model-request.ts';
import type { SpokenTurn } from '../turn.ts';
import { messageTokens } from './tokens.ts';

/** A log that its client sent whole: what was said before, exchange by exchange, and what is said now. */
export interface Exchanges {
  readonly before: readonly SpokenTurn[];
  readonly now: readonly Message[];
}

/**
 * Parts a log where its user speaks, so that the oldest of it can be left out like turns that are stored.
 * @param after version of the last stored turn: these are all of the next one, and stand between the two
 */
export function exchangesOf(log: readonly Message[], after: number): Exchanges {
  const starts = log.flatMap(({ role }, at) => (role === 'user' ? [at] : []));
  const last = starts.at(-1) ?? 0;
  const cuts = [0, ...starts.filter((at) => at > 0 && at < last), last];
  const before = cuts.slice(0, -1).flatMap((from, at): SpokenTurn[] => {
    const messages = log.slice(from, cuts[at + 1]);
    if (messages.length === 0) return [];
    const version = after + (at + 1) / (cuts.length + 1);
    const tokens = messageTokens(messages);
    return [{ id: `${version}`, version, at: 0, messages, tokens, isPutIn: true }];
  });
  return { before, now: log.slice(last) };
}
