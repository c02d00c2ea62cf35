import type { Message } from '../contracts/model-request.ts';
import type { TurnDraft } from '../contracts/session.ts';

/** What a turn was asked with: all that it says but the answer. */
export const askedIn = (messages: readonly Message[]): readonly Message[] =>
  messages.slice(0, messages.length - answerIn(messages).length);

/** The answer, last in a turn; none where nothing was answered. */
export const answerIn = (messages: readonly Message[]): readonly Message[] =>
  messages.at(-1)?.role === 'assistant' ? messages.slice(-1) : [];

/**
 * The turns that stand in the place of one, or of one of them.
 * @param later the turns after it, in the order of versions
 */
export function correctionsOf<Turn extends Pick<TurnDraft, 'id' | 'supersedes'>>(
  { id }: Pick<TurnDraft, 'id'>,
  later: readonly Turn[],
): Turn[] {
  const ids = new Set([id]);
  return later.filter((each) => ids.has(each.supersedes) && ids.add(each.id));
}
