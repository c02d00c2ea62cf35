import { expect, test, vi } from 'vitest';
import { ConversationMemory } from '../../../src/context/memory/conversation-memory.ts';
import { passingMemoryOf, shortMemoryOf } from '../../../src/context/memory/short-memory.ts';
import type { SpokenTurn } from '../../../src/context/turn.ts';
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

test('of a log of 50,000 tiny messages the latest are looked through, and nothing else, also when nobody waits', async () => {
  const log = [...exchanges(25_000)];
  const memory = await passingMemoryOf(log);
  expect(memory.turns).toBe(shortMemoryOf(log).turns);
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

test('who follows a path while it is taken in slices, and goes on otherwise, has it', async () => {
  const now = vi.spyOn(performance, 'now');
  for (let ms = 0; ms < 100; ms++) now.mockReturnValueOnce(ms);
  const path = exchanges(20);
  const memory = new ConversationMemory();
  const grown = memory.grow(path);
  now.mockRestore();
  const other = turn(9999, [user('Else?')]);
  expect(memory.turns).toBeLessThan(20);
  expect(memory.follow([...path.slice(0, memory.turns), other])).toBe(true);
  expect(await grown).toBe(false);
  expect(memory.turns).toBeLessThan(20);
});
