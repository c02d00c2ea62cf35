import type { Message } from '../contracts/model-request.ts';
import type { Ask } from './ask.ts';
import { digestOf, isSameMessage, rolling, wishesDigest } from './canonical.ts';
import type { OpenedTurn } from './path.ts';

/**
 * Whether a turn is the answer to this very request, and not to another log that ends alike: the request ends with what the turn
 * was asked, and what it says before that was said before the turn. A whole log is known by the rolling hash; what is not,
 * message by message, by its words or by its digest, since the words that are kept may be others (redacted, or deleted since).
 * Where nobody can tell it counts as the same: what was merged behind words that its client had not read, and what the store
 * has lost the beginning of. Nor is it another request that repeats less, or more, of what the conversation ends with, unless its
 * client says that it sends all of it (`full`).
 * @param seeds of the digests: today's, and those of before
 * @param path reads the turns up to the one that it follows; asked only where the hash does not tell
 */
export async function isAnswerTo(
  { turn, content }: OpenedTurn,
  { messages, model, wishes, mode }: Pick<Ask, 'messages' | 'model' | 'wishes' | 'mode'>,
  seeds: readonly string[],
  path: () => Promise<readonly OpenedTurn[]>,
): Promise<boolean> {
  if (turn.model !== model) return false;
  const lengths = seeds.flatMap((seed) =>
    turn.asked === wishesDigest(seed, wishes) ? lengthsBefore(turn, messages, seed) : [],
  );
  if (lengths.length === 0) return false;
  if (turn.hash === '' || (mode !== 'full' && lengths.includes(0))) return true;
  const isWhole = (length: number): boolean => {
    const unsent = length + turn.digests.length - messages.length;
    const log = [...messages, ...content.messages.slice(content.messages.length - unsent)];
    return seeds.some((seed) => rolling(seed, log) === turn.hash);
  };
  if (lengths.some(isWhole)) return true;
  const before = await path();
  if ((before[0]?.turn.parent ?? turn.parent) !== '') return true;
  return lengths.some((length) => endsWith(before, messages.slice(0, length), seeds, mode === 'full'));
}

/** How many messages stand before those that a turn was asked; none where they don't end with what it was asked. */
function lengthsBefore(
  { digests }: OpenedTurn['turn'],
  messages: readonly Message[],
  seed: string,
): number[] {
  const sent = messages.slice(-digests.length).map((message) => digestOf(seed, message));
  const isEnd = (asked: readonly string[]): boolean =>
    asked.length <= sent.length && asked.every((digest, at) => digest === sent.at(at - asked.length));
  // The answer is among them, unless nothing was said.
  const asked = digests.slice(0, -1);
  // Whose log ended with an answer asked nothing anew.
  const isAsked = asked.length > 0 ? isEnd(asked) : messages.at(-1)?.role === 'assistant';
  const own = [...(isAsked ? [asked] : []), ...(isEnd(digests) ? [digests] : [])];
  return own.map(({ length }) => messages.length - length);
}

/** @param isAll they have to be all that a path says, and not only what it ends with */
function endsWith(
  path: readonly OpenedTurn[],
  messages: readonly Message[],
  seeds: readonly string[],
  isAll: boolean,
): boolean {
  const said = path.flatMap(({ turn: { digests }, content }) => {
    // Of a turn the client's own messages are the last.
    const first = content.messages.length - digests.length;
    return digests.map((digest, at) => ({ digest, kept: content.messages[first + at] }));
  });
  const from = said.length - messages.length;
  if (from < 0 || (isAll && from > 0)) return false;
  return said.slice(from).every(({ digest, kept }, at) => {
    const message = messages[at] as Message;
    return (
      (kept !== undefined && isSameMessage(message, kept)) ||
      seeds.some((seed) => digestOf(seed, message) === digest)
    );
  });
}
