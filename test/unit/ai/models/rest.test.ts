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

it('an answer ends the rest that it was asked in, and not one that began after it was asked', () => {
  const rest = new Rest('primary/small', () => undefined);
  rest.begin('rate_limited', 60_000, 100);
  rest.answered(99);
  expect(rest.reason).toBe('rate_limited');
  rest.answered(101);
  expect(rest.reason).toBe('');
  rest.begin('rate_limited', 60_000, 200);
  // A shorter one, and later: what it says is newer.
  rest.begin('down', 1_000, 300);
  rest.answered(250);
  expect([rest.reason, rest.until]).toEqual(['rate_limited', 60_200]);
  rest.close();
});
