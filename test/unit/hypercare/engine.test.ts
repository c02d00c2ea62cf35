import { expect, test } from 'vitest';
import { DECOYS, FAULTS, type Scenario } from '../../../bench/scenarios/faults.ts';
import { runVirtual } from '../../../bench/scenarios/virtual-run.ts';

/** A few minutes of the exam's shop in virtual time, at a rate that takes a second to count. */
function story(name: string, minutes = 3) {
  const scenario = [...FAULTS, ...DECOYS].find((each) => each.name === name);
  if (!scenario) throw new Error(`no scenario ${name}`);
  return runVirtual({ rps: 30, seed: 3, warmUpMinutes: 8, minutes, scenarios: [scenario] }).opened;
}

test('a bad instance is found within a minute: the target, and nothing else', () => {
  const [first, ...more] = story('bad instance');
  expect(more).toEqual([]);
  expect(first?.after).toBeLessThanOrEqual(70);
  expect(first?.detection).toMatchObject({
    detector: 'errors',
    where: { scopes: [{ target: 'http://catalog-b.internal:8080' }] },
    cause: { kind: 'target' },
  });
  expect(
    first?.detection.where.normal.find(({ dimension }) => dimension === 'target')?.values.length,
  ).toBeGreaterThan(1);
  expect(first?.detection.evidence.bad.length).toBe(5);
});

test('a bad revision of the config is named as the cause', () => {
  const [first] = story('bad config push');
  expect(first?.detection).toMatchObject({
    where: { scopes: [{ upstream: 'payment' }] },
    cause: { kind: 'config' },
  });
  expect(first?.detection.correlates[0]?.kind).toBe('revision');
});

test('what a client’s cache, a conversation or a loop does wrong has a detector of its own', () => {
  expect(story('stale cache')[0]?.detection).toMatchObject({
    detector: 'stale-cache',
    cause: { kind: 'cache' },
  });
  expect(story('context race')[0]?.detection).toMatchObject({
    detector: 'context',
    labels: ['context-integrity'],
  });
  expect(story('runaway loop')[0]?.detection).toMatchObject({ detector: 'cost', cause: { kind: 'loop' } });
});

test('twice the traffic, one client’s 404s and a fault of 40 seconds open nothing', () => {
  expect(story('double traffic')).toEqual([]);
  expect(story('one client’s 404s')).toEqual([]);
  expect(story('heals in 40 s')).toEqual([]);
});

test('what heals before it is confirmed opens nothing, though its last errors are only seconds old', () => {
  const scenarios = DECOYS.filter(({ name }) => name === 'heals in 40 s');
  for (const seed of [14, 20]) {
    const { opened } = runVirtual({ rps: 50, seed, warmUpMinutes: 8, minutes: 3, scenarios });
    expect(opened).toEqual([]);
  }
});

test('a first token that came late since another target was asked first and failed is that target’s matter', () => {
  const waitsForPrimary: Scenario = {
    name: 'waits for primary',
    what: 'half the calls to primary fail, and the fallback answers later',
    strike(exchange, { chance }) {
      const { ai } = exchange;
      if (ai?.provider !== 'primary' || chance.next() < 0.5) return;
      exchange.failedAttempts = [{ upstream: 'primary', target: exchange.target, reason: '503', endedMs: 5 }];
      Object.assign(exchange, {
        attempts: 2,
        fallback: 'support-safe',
        upstream: 'backup',
        target: 'backup/claude-haiku-4-5',
      });
      const firstTokenMs = ai.firstTokenMs * 10;
      Object.assign(ai, { outcome: 'fallback_used', provider: 'backup', version: 'v1', firstTokenMs });
    },
  };
  const { opened } = runVirtual({
    rps: 60,
    seed: 1,
    warmUpMinutes: 8,
    minutes: 5,
    scenarios: [waitsForPrimary],
  });
  expect(opened.map(({ detection }) => detection.where.scopes)).toEqual([[{ provider: 'primary' }]]);
});

test('beside what is open the rest is as usual: chance, of which there is much at 300 requests a second, opens nothing', () => {
  const scenarios = FAULTS.filter(({ name }) => name === 'bad config push');
  const { opened } = runVirtual({ rps: 300, seed: 4, warmUpMinutes: 8, minutes: 5, scenarios });
  expect(opened.map(({ detection }) => detection.where.scopes)).toEqual([[{ upstream: 'payment' }]]);
});

test('a release that is told as the config tells it is what a contract broken since then is put down to', () => {
  const [first] = story('schema break');
  expect(first?.detection).toMatchObject({
    cause: { kind: 'release', change: { kind: 'release', subject: 'go-live', from: '41', to: '42' } },
  });
});

test('what a finding is put down to says who did it', () => {
  const push = FAULTS.find(({ name }) => name === 'bad config push') as Scenario;
  const changes = (at: number, revision: number) =>
    (push.changes?.(at, revision) ?? []).map((change) => ({ ...change, by: 'action:F1/0' }));
  const { opened } = runVirtual({
    rps: 30,
    seed: 3,
    warmUpMinutes: 8,
    minutes: 3,
    scenarios: [{ ...push, changes }],
  });
  expect(opened[0]?.detection.cause.change?.by).toBe('action:F1/0');
});
