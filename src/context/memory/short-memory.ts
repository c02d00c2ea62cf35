import type { SpokenTurn } from '../turn.ts';
import { ConversationMemory } from './conversation-memory.ts';

/** Tokens that are looked through: for a question before its answer some 50 ms, once in a conversation. */
const MOST_LOOKED_THROUGH = 64 * 1024;

/** Of the latest of these turns, for once: others have their turn in between. */
export async function shortMemoryOf(turns: readonly SpokenTurn[]): Promise<ConversationMemory> {
  const memory = new ConversationMemory();
  await memory.grow(latestOf(turns));
  return memory;
}

function latestOf(turns: readonly SpokenTurn[]): readonly SpokenTurn[] {
  let from = turns.length;
  for (let left = MOST_LOOKED_THROUGH; from > 0; from--) {
    left -= (turns[from - 1] as SpokenTurn).tokens;
    if (left < 0) break;
  }
  return turns.slice(from);
}
