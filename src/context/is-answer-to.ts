import type { Message } from '../contracts/model-request.ts';
import type { StoredTurn } from '../contracts/session.ts';
import { digestOf, wishesDigest } from './canonical.ts';

/**
 * Whether a turn is the answer to this very request.
 * @param messages what it sends: they may be all of the conversation up to the turn
 * @param wishes all that shapes the answer beside them
 * @param seed of the digests
 */
export function isAnswerTo(
  { digests, asked: wished }: StoredTurn,
  messages: readonly Message[],
  wishes: string,
  seed: string,
): boolean {
  if (wished !== wishesDigest(seed, wishes)) return false;
  const sent = messages.slice(-digests.length).map((message) => digestOf(seed, message));
  const endsWith = (asked: readonly string[]): boolean =>
    asked.length <= sent.length && asked.every((digest, at) => digest === sent.at(at - asked.length));
  // The answer is among them, unless nothing was said.
  const asked = digests.slice(0, -1);
  // Whose log ended with an answer asked nothing anew.
  const isAsked = asked.length > 0 ? endsWith(asked) : messages.at(-1)?.role === 'assistant';
  return isAsked || endsWith(digests);
}
