import { expect, test, vi } from 'vitest';
import { ConversationMemory } from '../../../src/context/memory/conversation-memory.ts';
import { shortMemoryOf } from '../../../src/context/memory/short-memory.ts';
import type { SpokenTurn } from '../../../src/context/turn.ts';
import { atOnce } from '../../../src/lib/slices.ts';
import { assistant, turn, user } from './conversations.ts';

/** Counts how many turns are copied out of it. */
class Path extends Array<SpokenTurn> {
  copied = 0;

  override slice(from?: number, to?: number): SpokenTurn[] {
    const part = [...this].slice(from, to);
    this.copied += part.length;
    return part;
  }
}

const exchanges = (count: number): Path => {
  const path = new Path();
  for (let at = 1; at <= count; at++) path.push(turn(at, [user(`Is it ${at}?`), assistant('No.')]));
  return path;
};

test('of a log of 50,000 tiny messages the latest are looked through, and nothing else', async () => {
  const log = [...exchanges(25_000)];
  const memory = await shortMemoryOf(log);
  expect(memory.turns).toBeLessThan(6000);
  const asked = 'Is it 25000?';
  expect(memory.recall(asked, () => true, 200).text).toContain(asked);
});

test('a path that is taken in slices is not copied for each of its turns', async () => {
  const path = exchanges(2000);
  const memory = new ConversationMemory();
  expect(await memory.grow(path)).toBe(true);
  expect(memory.turns).toBe(2000);
  expect(path.copied).toBeLessThanOrEqual(2000);
});

test('a log that came as one turn of very many messages is taken in slices, and all of it is known as if at once', async () => {
  const log = turn(
    1,
    [...exchanges(500)].flatMap(({ messages }) => messages),
  );
  const whole = new ConversationMemory();
  atOnce(whole.follow([log]));
  // Whoever looks at the clock finds that a millisecond has gone by.
  let ms = 0;
  const now = vi.spyOn(performance, 'now').mockImplementation(() => ms++);
  let others = 0;
  let isOver = false;
  const haveTheirTurn = (): void => {
    others++;
    if (!isOver) setImmediate(haveTheirTurn);
  };
  setImmediate(haveTheirTurn);
  const memory = new ConversationMemory();
  const isTaken = await memory.grow([log]);
  isOver = true;
  now.mockRestore();
  expect(isTaken).toBe(true);
  expect(others).toBeGreaterThan(100);
  expect(memory.book.facts).toEqual(whole.book.facts);
  const asked = ['Is it 250?', () => true, 200] as const;
  expect(memory.recall(...asked)).toEqual(whole.recall(...asked));
  expect(memory.recall(...asked).text).toContain('Is it 250?');
});

test('of two who go on otherwise at once the first is followed, and the other is told to begin a memory of its own', async () => {
  const now = vi.spyOn(performance, 'now');
  for (let ms = 0; ms < 100; ms++) now.mockReturnValueOnce(ms);
  const path = exchanges(20);
  const memory = new ConversationMemory();
  const [one, same, other] = await Promise.all([
    memory.grow(path),
    memory.grow(path),
    memory.grow([...path.slice(0, 5), turn(9999, [user('Else?')])]),
  ]);
  now.mockRestore();
  expect([one, same, other]).toEqual([true, true, false]);
  expect(memory.turns).toBe(20);
  expect(memory.recall('Else?', () => true, 200).text).not.toContain('Else');
});
