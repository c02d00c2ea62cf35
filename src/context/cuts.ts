import type { SpokenTurn } from './turn.ts';

/**
 * Where turns may be parted: `true` at k if the first k turns can go without tearing a call of a tool from its results,
 * which may come in a later turn. 0 and all of them are not asked about.
 */
export function cutsOf(turns: readonly Pick<SpokenTurn, 'messages'>[]): boolean[] {
  const free = turns.map(() => true);
  const calledIn = new Map<string, number>();
  turns.forEach(({ messages }, at) => {
    for (const message of messages) {
      for (const part of message.content) {
        if (part.type === 'tool-call') calledIn.set(part.id, at);
        if (part.type !== 'tool-result') continue;
        const from = calledIn.get(part.id);
        for (let k = (from ?? at) + 1; k <= at; k++) free[k] = false;
      }
    }
  });
  return free;
}
