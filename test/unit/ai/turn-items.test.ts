import { expect, it } from 'vitest';
import { itemsOfTurn } from '../../../src/ai/memory/turn-items.ts';
import type { SaidTurn } from '../../../src/context/read-sessions.ts';
import type { Message } from '../../../src/contracts/model-request.ts';
import type { TurnContent } from '../../../src/contracts/session.ts';

const text = (words: string) => [{ type: 'text', at: '', text: words }] as const;
const messages = [
  { role: 'user', at: '', content: text('Hello.') },
  { role: 'assistant', at: '', content: text('Hello to you.') },
] as readonly Message[];

const idsOf = (content: Partial<TurnContent>) =>
  itemsOfTurn({
    turn: { id: 't1', kind: 'turn', status: 'complete', request: 'request-1' },
    content: { messages, ...content },
  } as SaidTurn).map(({ id }) => id);

it('what an answer said is called after the answer, and as its client was told where that was kept before', () => {
  expect(idsOf({ answerId: 'a1' })).toEqual(['msg_t1_0', 'msg_a1_0']);
  expect(idsOf({})).toEqual(['msg_t1_0', 'msg_request-1_0']);
  expect(idsOf({ answerId: 'a1', itemIds: ['msg_of_theirs'] })).toEqual(['msg_t1_0', 'msg_of_theirs']);
});
