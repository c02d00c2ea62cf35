import { expect, test } from 'vitest';
import { interval, keeps } from '../../../bench/harness/statistics.ts';
import type { Cost } from '../../../bench/load/context/cost.ts';
import { costSection } from '../../../bench/load/context/cost-section.ts';
import type { Moment } from '../../../bench/load/context/flat.ts';
import { flatSection } from '../../../bench/load/context/flat-section.ts';

/** The cells of the row that begins so. */
const rowOf = (section: string, begin: string): string[] =>
  (section.split('\n').find((line) => line.startsWith(`| ${begin}`)) ?? '').split(' | ').slice(1);

test('a bound is kept where the whole interval is below it, and not told where the interval holds it', () => {
  expect(keeps(1, interval([0.5, 0.7, 0.6, 0.9, 1]))).toBe('yes');
  expect(keeps(1, interval([0.5, 0.7, 0.6, 0.9, 1.1]))).toBe('not told');
  expect(keeps(1, interval([1.2, 1.1, 1.3, 1.4, 1.5]))).toBe('no');
  expect(keeps(1, interval([0.5, 0.5, 0.5, 0.5]))).toBe('too few rounds');
});

const cost = (sends: Cost['sends'], moreThanBody: number): Cost => ({
  store: 'Redis',
  turns: 200,
  sends,
  with: 3,
  body: 2,
  prompt: 2.5,
  moreThanBody,
  moreThanPrompt: -0.5,
  trips: 2,
  loadBusy: 0.4,
});

test('who sends all of a conversation is compared with the same body, and with nothing else', () => {
  const runs = [0.4, 0.6, 0.5, 0.9, 0.8];
  const section = costSection(
    [...runs.map((more) => cost('all of it', more)), ...runs.map((more) => cost('its new turn', more + 0.3))],
    'a sync takes 0.40 ms',
  );

  expect(rowOf(section, 'Redis, 200 turns, all of it')).toEqual([
    '3.00 (3.00–3.00)',
    '2.00 (2.00–2.00)',
    'the same body',
    '0.60 (0.40–0.90)',
    'yes',
    '',
    '2.00 |',
  ]);
  expect(rowOf(section, 'Redis, 200 turns, its new turn').slice(2)).toEqual([
    '2.50 (2.50–2.50)',
    '0.90 (0.70–1.20)',
    'not told',
    '-0.50 (-0.50–-0.50)',
    '2.00 |',
  ]);
});

const moment = (turn: number, firstTokenMs: number): Moment => ({
  store: 'Redis',
  sends: 'all of it',
  turn,
  firstTokenMs,
  withoutMs: turn / 10,
  promptTokens: 3600,
  loadBusy: 0.4,
});

test('late is divided by early within its round: a machine that is slower in one round changes nothing', () => {
  const rounds = [
    [4, 5],
    [8, 9.6],
    [4, 4.4],
    [6, 7.8],
    [4, 4.8],
  ] as const;
  const section = flatSection(
    rounds.flatMap(([early, late]) => [moment(20, early), moment(200, late)]),
    'a model',
  );

  const row = rowOf(section, 'Redis, all of it is sent');
  expect(row.slice(0, 4)).toEqual(['4.00 (4.00–8.00)', '5.00 (4.40–9.60)', '1.20 (1.10–1.30)', 'yes']);
  expect(row.at(-1)).toBe('10.0 (10.0–10.0) |');
});
