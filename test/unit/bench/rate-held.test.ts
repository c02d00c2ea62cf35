import { expect, test } from 'vitest';
import { ALONE, type LevelWindow } from '../../../bench/harness/levels.ts';
import { sectionOf as latencySection } from '../../../bench/load/latency.ts';
import type { OpenLoopTold } from '../../../bench/load/open-loop.ts';
import { sectionOf as pacedSection } from '../../../bench/load/paced.ts';

const PAIRS = [{ subject: 'gateway', against: 'nginx' }];

const timesAt = (p50: number) => ({ count: 1_000, p50, p99: 2 * p50, p999: 3 * p50, max: 4 * p50 });

const windowOf = <Figures>(figures: Figures): LevelWindow<Figures> => ({
  ...{ figures, seconds: 1, cpu: 50_000, subjectBusy: 0.5, loadBusy: 0.3, residentMegabytes: 100 },
});

/** Five rounds of a thousand requests each, of which so many were sent and answered in time in the first of them. */
const rounds = (p50: number, ...first: Pick<OpenLoopTold, 'sent' | 'inTime'>[]) =>
  Array.from({ length: 5 }, (_, round) =>
    windowOf<OpenLoopTold>({
      ...{ planned: 1_000, sent: 1_000, answered: 1_000, inTime: 1_000, failures: {} },
      ...{ times: timesAt(p50), lateness: timesAt(0.1) },
      ...first[round],
    }),
  );

const late = { sent: 1_000, inTime: 989 };

test('who has not held the rate in one round has that with its name, and figures of all rounds', () => {
  const found = { [ALONE]: rounds(1), nginx: rounds(2, late), gateway: rounds(3) };
  const section = latencySection('1000 requests a second', found, PAIRS);

  expect(section).toContain('| nginx: **rate not held in 1 of 5** | 1.00 (1.00–1.00) |');
  expect(section).toContain('| gateway | 2.00 (2.00–2.00) |');
  expect(section).toContain('| gateway ÷ nginx | 2.00 (2.00–2.00) | +1.00 (1.00–1.00) |');
  expect(section).toContain('Client at the upstream itself: p50 1.00');
});

test('who has not held it in most rounds has no figures, and is compared with nobody', () => {
  const found = { [ALONE]: rounds(1), nginx: rounds(2, late, late, late), gateway: rounds(3) };
  const section = latencySection('1000 requests a second', found, PAIRS);

  expect(section).toContain('| nginx: **rate not held in 3 of 5** | – | – | – | – | 50 % | 30 % |');
  expect(section).not.toContain('gateway ÷ nginx');
});

test('a round in which the client was behind is not the subject’s, and one of its own is told as well', () => {
  const behind = { sent: 989, inTime: 500 };
  const found = { [ALONE]: rounds(1, late), nginx: rounds(2, behind, late), gateway: rounds(3) };
  const section = latencySection('1000 requests a second', found, PAIRS);

  expect(section).toContain('| nginx: **the load was behind in 1 of 5, rate not held in 1 of 5** | 1.00');
  expect(section).toContain('Client at the upstream itself (**rate not held in 1 of 5**): p50');
});

test('where the client was behind in most rounds the load was the bottleneck, whoever answers in time', () => {
  const behind = { sent: 900, inTime: 1_000 };
  const found = { [ALONE]: rounds(1), nginx: rounds(2, behind, behind, behind), gateway: rounds(3) };
  const section = latencySection('1000 requests a second', found, PAIRS);
  expect(section).toContain('| nginx: **the load was the bottleneck** | – |');
});

/** Rounds of so many chunks. */
const paced = (...chunks: number[]) =>
  chunks.map((each) =>
    windowOf({
      ...{ chunks: each, completed: 20, failures: {} },
      ...{ firstToken: timesAt(5), delay: timesAt(1), gap: timesAt(20) },
    }),
  );

test('a pace is that of the upstream itself in the same round', () => {
  const found = {
    [ALONE]: paced(1_000, 1_000, 500, 1_000, 1_000),
    nginx: paced(1_000, 969, 486, 971, 1_000),
    gateway: paced(900, 900, 400, 1_000, 1_000),
  };
  const section = pacedSection('20 streams', found, PAIRS);

  expect(section).toMatch(/\| nginx: \*\*pace not held in 1 of 5\*\* \| 51\.5 .*\| 0\.00 \(0\.00–0\.00\) \|/);
  expect(section).toMatch(/\| gateway: \*\*pace not held in 3 of 5\*\* \| 55\.6 .*\| – \| – \|/);
});
