import type { JsonObject, Message } from '../../contracts/model-request.ts';
import { NotCarried } from '../not-carried.ts';

/** What one voice says in a row. */
export type Turn = { readonly role: string; readonly content: JsonObject[] };

/**
 * Messages as turns of voices, whoever says nothing left out: a turn without a block is refused.
 * @param convert the blocks of a message
 * @throws NotCarried for a user who says nothing where only the user can speak
 */
export function turnsOf<M extends Message>(
  messages: readonly M[],
  roleOf: (message: M) => string,
  convert: (message: M) => JsonObject[],
): Turn[] {
  const turns: Turn[] = [];
  let isHeard = false;
  let silentAt: string | undefined;
  for (const message of resultsFirst(messages)) {
    const content = convert(message);
    const isAnswer = message.role === 'assistant';
    if (content.length === 0) {
      if (message.role === 'user' && !isHeard) silentAt ??= message.at;
      continue;
    }
    if (isAnswer && silentAt !== undefined) break;
    silentAt = undefined;
    isHeard = !isAnswer;
    turns.push({ role: roleOf(message), content });
  }
  if (silentAt !== undefined) throw new NotCarried({ at: silentAt });
  return merge(turns);
}

/** Results stand behind their calls: what is said between the two is heard after them. */
function resultsFirst<M extends Message>(messages: readonly M[]): M[] {
  const ordered: M[] = [];
  let between: M[] = [];
  for (const message of messages) {
    if (message.role === 'tool') ordered.push(message);
    else if (message.role !== 'assistant') between.push(message);
    else {
      for (const each of between) ordered.push(each);
      ordered.push(message);
      between = [];
    }
  }
  return [...ordered, ...between];
}

/** Two turns of one voice in a row are one. */
export function merge(turns: readonly Turn[]): Turn[] {
  const merged: Turn[] = [];
  for (const turn of turns) {
    const last = merged.at(-1);
    if (last?.role !== turn.role) merged.push(turn);
    else for (const block of turn.content) last.content.push(block);
  }
  return merged;
}
