import { expect, it } from 'vitest';
import type { StateChange } from '../../../src/contracts/state-change.ts';
import { AddressRules } from '../../../src/lib/address-rules.ts';
import type { Finding } from '../../../src/upstream/agreement.ts';
import { Fleet } from '../../../src/upstream/fleet.ts';
import { Upstream } from '../../../src/upstream/upstream.ts';

const URL = 'http://127.0.0.1:9';
const DRAINING = { kind: 'target', to: 'draining', reason: 'work', by: 'ann' } as const;
const EJECTED = {
  kind: 'ejection',
  to: 'ejected',
  forMs: 60_000,
  count: 1,
  reason: 'fails',
  by: 'gateway',
} as const;
const BREAKER = { errorRate: 0.5, minRequests: 2, window: 10_000, open: 60_000 };

/** A process: its fleet with one target and one breaker, and what it tells. */
function process(decides: boolean) {
  const told: Finding[] = [];
  const changes: StateChange[] = [];
  const fleet = new Fleet({
    onChange: (change) => void changes.push(change),
    onResolveFailure: () => undefined,
    rules: new AddressRules({ allow: [], deny: [] }),
    agreement: { decides, tell: (finding) => void told.push(finding) },
  });
  const { value: state, release } = fleet.state('up', URL);
  const { breaker } = fleet.resilience('up').value;
  breaker.configure(BREAKER);
  return { fleet, told, changes, state, breaker, release };
}

it('tells what it finds itself, once, and never what it was told', () => {
  const [a, b] = [process(false), process(false)];
  a.state.apply(EJECTED);
  a.state.apply(EJECTED);
  expect(a.told).toEqual([{ kind: 'target', upstream: 'up', url: URL, change: EJECTED }]);
  for (const finding of a.told) b.fleet.take(finding);
  expect([b.state.standing, b.told, b.changes.length]).toEqual(['ejected', [], 1]);
});

it('the one that decides tells on what it took in, once', () => {
  const primary = process(true);
  const finding: Finding = { kind: 'target', upstream: 'up', url: URL, change: EJECTED };
  primary.fleet.take(finding);
  primary.fleet.take(finding);
  expect([primary.told, primary.changes.length]).toEqual([[finding], 1]);
});

it('a breaker that opens or is forced in one process does so in the other, and is not told back', async () => {
  const [a, b] = [process(false), process(false)];
  for (let i = 0; i < 2; i++) a.breaker.admit()?.end(false);
  await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  expect(a.breaker.state).toBe('open');
  for (const finding of a.told.splice(0)) b.fleet.take(finding);
  expect([b.breaker.state, b.breaker.admit(), b.told]).toEqual(['open', undefined, []]);

  b.breaker.force('closed', 'ann', 'it is well');
  for (const finding of b.told.splice(0)) a.fleet.take(finding);
  expect([a.breaker.state, a.breaker.forced, a.told]).toEqual(['closed', 'closed', []]);
  b.breaker.force('auto', 'ann', '');
  for (const finding of b.told.splice(0)) a.fleet.take(finding);
  expect(a.breaker.state).toBe('open');
});

it('a process that comes later is given all that is known', () => {
  const [primary, a] = [process(true), process(false)];
  primary.state.apply(EJECTED);
  primary.state.apply({ kind: 'health', to: 'unhealthy', reason: '503', by: 'gateway' });
  primary.breaker.force('open', 'ann', 'work');
  for (const finding of structuredClone(primary.fleet.findings())) a.fleet.take(finding);
  expect([a.state.standing, a.state.isEjected, a.breaker.forced]).toEqual(['unhealthy', true, 'open']);
  for (const finding of process(true).fleet.findings()) a.fleet.take(finding);
  expect([a.state.standing, a.state.isEjected, a.breaker.forced]).toEqual(['healthy', false, undefined]);
});

it('a drained target is disabled by the one that decides, not by the first that has nothing on it', () => {
  const [primary, a, b] = [process(true), process(false), process(false)];
  a.state.begin();
  for (const { fleet } of [primary, a, b])
    fleet.take({ kind: 'target', upstream: 'up', url: URL, change: DRAINING });
  expect([primary, a, b].map(({ state }) => state.standing)).toEqual(['draining', 'draining', 'draining']);
  expect(b.told).toEqual([{ kind: 'drained', upstream: 'up', url: URL }]);
  expect(a.told).toEqual([]);
  a.state.end();
  expect(a.told).toEqual([{ kind: 'drained', upstream: 'up', url: URL }]);
  primary.fleet.take({ kind: 'drained', upstream: 'up', url: URL });
  expect(primary.state.standing).toBe('disabled');
});

it('only the one that decides ends an ejection', async () => {
  const short = { ...EJECTED, forMs: 5 };
  const [primary, a] = [process(true), process(false)];
  a.state.apply(short);
  primary.state.apply(short, false);
  await expect.poll(() => primary.state.standing).toBe('healthy');
  expect(a.state.standing).toBe('ejected');
  for (const finding of primary.told) a.fleet.take(finding);
  expect(a.state.standing).toBe('healthy');
});

it('what several have taken out at once, the one that decides takes back where it is more than may be out', () => {
  const all = [true, false, false].map(process);
  const [primary, ...workers] = all as [ReturnType<typeof process>, ...ReturnType<typeof process>[]];
  const urls = [1, 2, 3, 4].map((port) => `http://127.0.0.1:${port}`);
  const ups = all.map(({ fleet }) => {
    const up = new Upstream(
      {
        name: 'up',
        targets: urls.map((url) => ({ url, weight: 1 })),
        host: 'target',
        timeouts: { connect: 1, response: 1, idle: 1 },
        outlier: { consecutiveFailures: 1, eject: 60_000, maxEject: 60_000, maxEjected: 0.5 },
      },
      fleet,
    );
    up.serve();
    return up;
  });
  // Everything fails at once: one worker meets the first two, the other the last two.
  for (const [i, { targets }] of ups.slice(1).entries()) {
    for (const target of targets.slice(2 * i, 2 * i + 2)) {
      target.begin();
      target.end({ ok: false, ms: 1 });
    }
  }
  for (const { told } of workers) for (const finding of told.splice(0)) primary.fleet.take(finding);
  for (const finding of primary.told) for (const { fleet } of workers) fleet.take(finding);

  for (const up of ups)
    expect(up.report().map(({ state }) => state)).toEqual(['ejected', 'ejected', 'healthy', 'healthy']);
  expect(primary.changes).toHaveLength(2);
  for (const up of ups) up.dispose();
});
