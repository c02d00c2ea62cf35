// How much of a prompt what is recalled may have, and what the turns leave it.
import { expect, test } from 'vitest';
import { planCompaction } from '../../../src/context/compaction/plan.ts';
import { fitPrompt } from '../../../src/context/prompt/build-prompt.ts';
import { recallRoom } from '../../../src/context/prompt/recall-room.ts';
import { assistant, turn, user } from './conversations.ts';

const SETTINGS = { trigger: 0.75, target: 0.45, recall: 0.1, verbatimTurns: 6 };
const summary = { epoch: 1, covered: 1, coveredTurn: 't1', text: 'It was short.', tokens: 300 };
/** So many turns of a hundred tokens each. */
const turns = (count: number) =>
  Array.from({ length: count }, (_, i) => turn(i + 2, [user('Question'), assistant('Answer')], 100));
/** Of a question behind a summary and so many turns. */
const fitted = (capacity: number, count: number, settings = SETTINGS) =>
  fitPrompt({ ...settings, system: [], turns: turns(count), summary, fresh: [user('And now?')], capacity });

test('a long prompt has the config’s share for it, a short one what a question needs, up to half', () => {
  expect(recallRoom(SETTINGS, 100_000)).toBeCloseTo(10_000);
  expect(recallRoom(SETTINGS, 8000)).toBeCloseTo(2000);
  expect(recallRoom(SETTINGS, 1000)).toBeCloseTo(500);
  expect(recallRoom({ ...SETTINGS, recall: 0.4 }, 8000)).toBeCloseTo(3200);
});

test('0 % is nothing, however short the prompt', () => {
  expect(recallRoom({ ...SETTINGS, recall: 0 }, 1000)).toBe(0);
  expect(fitted(1000, 2, { ...SETTINGS, recall: 0 }).room).toBe(0);
});

test('it has that also where the turns are about to be compacted, as long as the model can take it', () => {
  expect(fitted(40_000, 295).room).toBe(4000);
  const { fixed, room } = fitted(40_000, 380);
  expect(room).toBe(40_000 - fixed);
});

test('and more than its share as far as a tenth of the prompt stays free', () => {
  expect(fitted(4000, 2).room).toBeCloseTo(2000);
  const { fixed, room } = fitted(4000, 20);
  expect(room).toBeCloseTo(0.9 * 4000 - fixed);
});

test('what is recalled beyond its share counts where turns are to be summarized', () => {
  const plan = (recalled: number) =>
    planCompaction(turns(20), SETTINGS, { capacity: 4000, system: 0, summary: 100, recalled }).kind;
  // 2,100 tokens of turns and summary, of 3,000 at which one is due; 400 are the share.
  expect(plan(0)).toBe('not_due');
  expect(plan(1200)).toBe('not_due');
  expect(plan(1400)).toBe('due');
});
