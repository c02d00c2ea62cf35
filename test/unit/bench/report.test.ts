import { expect, test } from 'vitest';
import { outcomeOf } from '../../../bench/harness/outcome.ts';
import { markdown, type Report, refusal } from '../../../bench/harness/report.ts';
import { spread } from '../../../bench/harness/statistics.ts';
import { difference, thousands } from '../../../bench/harness/wording.ts';

const report = (rounds: number, otherWork: number, more: Partial<Report['findings']> = {}): Report => ({
  suite: 'start',
  what: 'how soon it serves',
  date: '2026-11-30 06:00',
  commit: 'abc1234',
  command: 'npm run bench -- start',
  machine: { cpu: 'a CPU', cores: 2, memoryGigabytes: 24, kernel: 'Linux' },
  loadAverageBefore: 0.1,
  otherWork,
  versions: {},
  effort: { rounds, seconds: 3, warmUpSeconds: 4, isSmoke: false },
  findings: {
    facts: [],
    subjects: [],
    missing: [],
    sections: [],
    reading: '',
    bottlenecks: [],
    data: {},
    ...more,
  },
});

test('a run of too few rounds, or beside too much other work, is no result to be kept', () => {
  expect(refusal(report(5, 0.1))).toBeNull();
  expect(refusal(report(4, 0.01))).toBe('4 rounds are fewer than 5');
  expect(refusal(report(5, 0.11))).toBe('other work had 11 % of the machine');
});

test('a run whose load was the bottleneck fails, of a part as well, and only a whole one is written', () => {
  const [fine, ofLoad] = [report(5, 0), report(5, 0, { bottlenecks: ['nginx, POST'] })];
  expect(outcomeOf(fine, {})).toEqual({ isWritten: true, says: [], exitCode: 0 });
  expect(outcomeOf(ofLoad, {})).toMatchObject({ isWritten: true, exitCode: 1 });
  for (const flags of [{ only: 'nginx' }, { profile: 'profiles' }, { only: 'nginx', anyway: true }]) {
    expect(outcomeOf(fine, flags)).toMatchObject({ isWritten: false, exitCode: 0 });
    const { isWritten, says, exitCode } = outcomeOf(ofLoad, flags);
    expect({ isWritten, exitCode }).toEqual({ isWritten: false, exitCode: 1 });
    expect(says.at(-1)).toContain('FAILED: the load was the bottleneck');
  }
  const short = report(4, 0, { bottlenecks: ['nginx, POST'] });
  expect(outcomeOf(short, {})).toMatchObject({ isWritten: false, exitCode: 1 });
  expect(outcomeOf(short, {}).says).toHaveLength(2);
  expect(outcomeOf(report(4, 0), { anyway: true })).toMatchObject({ isWritten: true, exitCode: 0 });
});

test('other work that can’t be told from none is less than a hundredth, and not nothing', () => {
  for (const share of [-0.02, 0, 0.004, 0.0099])
    expect(markdown(report(5, share))).toContain('other work in the run: < 1 % of the machine');
  expect(markdown(report(5, 0.02))).toContain('other work in the run: 2 % of the machine');
});

test('who is here and left out of a table is named with the reason, as who is missing', () => {
  const text = markdown(
    report(5, 0, {
      missing: [{ subject: 'Bifrost', why: 'not installed' }],
      leftOut: [{ subject: 'nginx', of: 'event streams', why: 'it speaks HTTP/1.1 to its upstreams' }],
    }),
  );
  expect(text).toContain('- **missing: Bifrost**, not installed\n');
  expect(text).toContain('- **left out: nginx** of "event streams", it speaks HTTP/1.1 to its upstreams\n');
});

test('the head of a report says of its effort what the suite says, and no more', () => {
  expect(markdown(report(7, 0))).toContain('- 7 rounds\n');
  expect(markdown(report(7, 0))).not.toContain('warm-up');
  expect(markdown(report(7, 0, { effort: '7 rounds of 3 s' }))).toContain('- 7 rounds of 3 s\n');
});

test('rates are told in thousands from a thousand on, and in full below', () => {
  expect(thousands(spread([41_234, 30_250, 49_350]))).toBe('41.2k (30.3–49.4)');
  expect(thousands(spread([76.4, 38, 101]))).toBe('76 (38–101)');
});

test('where there is no difference, what may hide within the noise is told', () => {
  const interval = { median: 1, low: 0.9, high: 1.1, confidence: 0.9375 };
  const comparison = { subject: 'a', against: 'b', ratio: interval };
  const added = { median: 5, low: -20, high: 12, confidence: 0.9375 };
  const told = (verdict: 'different' | 'no difference' | 'too few rounds') =>
    difference({ ...comparison, added, verdict }).at(-1);
  expect(told('no difference')).toBe('no difference (within ±20.0)');
  expect(told('different')).toBe('+5.00 (-20.0–12.0)');
  expect(told('too few rounds')).toBe('too few rounds');
});
