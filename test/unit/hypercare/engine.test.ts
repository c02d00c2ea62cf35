import { expect, test } from 'vitest';
import { DECOYS, FAULTS } from '../../../bench/scenarios/faults.ts';
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

test('beside what is open the rest is as usual: chance, of which there is much at 300 requests a second, opens nothing', () => {
  const scenarios = FAULTS.filter(({ name }) => name === 'bad config push');
  const { opened } = runVirtual({ rps: 300, seed: 4, warmUpMinutes: 8, minutes: 5, scenarios });
  expect(opened.map(({ detection }) => detection.where.scopes)).toEqual([[{ upstream: 'payment' }]]);
});
