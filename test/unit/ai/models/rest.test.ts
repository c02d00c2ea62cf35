import { expect, it } from 'vitest';
import { Rest } from '../../../../src/ai/models/rest.ts';

it('one that nobody uses any more rests no more: who was told that it does is told so, and of no other', () => {
  const changes: string[] = [];
  const made = () =>
    new Rest('primary/small', ({ from, to, reason }) => void changes.push(`${from} → ${to}: ${reason}`));
  const rest = made();
  rest.begin('down', 60_000, 0);
  rest.close();
  made().close();
  expect(changes).toEqual(['ready → down: down', 'down → ready: nobody uses it any more']);
});
