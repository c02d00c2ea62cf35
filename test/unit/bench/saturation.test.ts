import { expect, test } from 'vitest';
import { tablesOf } from '../../../bench/harness/compare.ts';
import type { Window } from '../../../bench/harness/measure.ts';
import type { Run, Saturation } from '../../../bench/harness/saturation.ts';
import { readingOf, sectionOf } from '../../../bench/harness/saturation-report.ts';

const window = (more: Partial<Window>): Window => ({
  requests: 30_000,
  requestsPerSecond: 10_000,
  cpuMicrosecondsARequest: 100,
  loadMicrosecondsARequest: 20,
  subjectBusy: 1,
  loadBusy: 0.3,
  p50: 6,
  p99: 9,
  residentMegabytes: 100,
  ...more,
});

const CASE = 'POST';
const plan = (more: Partial<Saturation> = {}): Saturation => ({
  name: 'api',
  what: '',
  connections: 64,
  cases: [{ name: CASE, method: 'POST', path: '/', headers: {}, body: '', answer: '' }],
  subjects: [],
  pairs: [{ subject: 'gateway', against: 'nginx' }],
  upstream: { name: 'upstream', start: () => Promise.reject(new Error('not started')) },
  ...more,
});

/** Five rounds of each. */
const ran = (subjects: Record<string, Partial<Window>>, otherWork = 0.01): Run => ({
  generator: 'wrk',
  alone: {},
  otherWork,
  windows: {
    [CASE]: Object.fromEntries(
      Object.entries(subjects).map(([name, more]) => [name, Array.from({ length: 5 }, () => window(more))]),
    ),
  },
});

const section = (run: Run, of = plan()): string =>
  tablesOf(of, run)
    .map((table) => sectionOf(table, of, run))
    .join('');

test('a subject that had less than its core was starved if the load had more, and at least three quarters, of its own', () => {
  const run = ran({
    full: { subjectBusy: 0.95, loadBusy: 0.99 },
    starved: { subjectBusy: 0.86, loadBusy: 0.87 },
    'load at three quarters': { subjectBusy: 0.6, loadBusy: 0.75 },
    'the busier of the two': { subjectBusy: 0.86, loadBusy: 0.85 },
    'load with room': { subjectBusy: 0.6, loadBusy: 0.74 },
  });
  expect(tablesOf(plan(), run)).toMatchObject([
    { starved: ['starved', 'load at three quarters'], idle: ['the busier of the two', 'load with room'] },
  ]);
});

test('of a starved subject its CPU is told as a bound, and neither what it did in a second nor how long that took', () => {
  const text = section(ran({ nginx: { subjectBusy: 0.8, loadBusy: 0.9 }, gateway: {} }));
  expect(text).toContain('| nginx (starved) | 100 (100–100) | – | – | – | 80 % | 90 % |');
  expect(text).toContain('| gateway | 100 (100–100) | 10.0k (10.0–10.0) | 6.00 | 9.00 |');
  expect(text).toContain('**The load was the bottleneck of: nginx.**');
});

test('other work is blamed for a wait only where there was some', () => {
  const idle = { portkey: { subjectBusy: 0.75 } };
  expect(section(ran(idle, 0.02))).toContain('what they waited for is not known: portkey.');
  expect(section(ran(idle, 0.04))).toContain('other work on the machine had the rest: portkey.');
});

test('who shares the load’s core was starved where the load had more than each of its workers and the machine was not full', () => {
  const run = ran({
    'machine full': { subjectBusy: 1.6, loadBusy: 0.3 },
    'machine full, by the load': { subjectBusy: 0.9, loadBusy: 0.95 },
    'two workers that wait': { subjectBusy: 0.9, loadBusy: 0.8 },
    'two workers that wait for something else': { subjectBusy: 1.2, loadBusy: 0.5 },
    'one worker that has a core': { subjectBusy: 1.1, loadBusy: 0.25 },
    'its own core': { subjectBusy: 0.86, loadBusy: 0.87 },
  });
  const sharing = {
    'machine full': 2,
    'machine full, by the load': 2,
    'two workers that wait': 2,
    'two workers that wait for something else': 2,
    'one worker that has a core': 1,
  };
  expect(tablesOf(plan({ sharing }), run)).toMatchObject([
    {
      starved: ['two workers that wait', 'its own core'],
      full: ['machine full', 'machine full, by the load'],
      idle: ['two workers that wait for something else'],
    },
  ]);
  const text = section(run, plan({ sharing }));
  expect(text).toContain('it was the machine that was short: machine full; machine full, by the load.');
  expect(text).toContain('| two workers that wait (starved) | 100 (100–100) | – |');
});

test('requests in flight at the end of a window are told from a fiftieth of its requests on', () => {
  const text = section(ran({ litellm: { requests: 1600 }, gateway: { requests: 3200 } }));
  expect(text).toContain('at most so many of its requests: litellm, 4 %.');
});

test('a report says how many of its comparisons chance alone would call different', () => {
  const run = ran({ nginx: {}, gateway: {} });
  const reading = readingOf(plan(), [...tablesOf(plan(), run), ...tablesOf(plan(), run)]);
  expect(reading).toContain('93.8 % each');
  expect(reading).toContain('The 2 comparisons');
  expect(reading).toContain('chance alone would call 0.13 of them different');
  expect(readingOf(plan({ pairs: [] }), tablesOf(plan({ pairs: [] }), run))).not.toContain('comparisons');
});
