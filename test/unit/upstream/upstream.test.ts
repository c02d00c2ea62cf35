import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import type { StateChange } from '../../../src/contracts/state-change.ts';
import { seededRandom } from '../../../src/demo/seeded.ts';
import { GatewayError } from '../../../src/errors/gateway-error.ts';
import type { Fleet } from '../../../src/upstream/fleet.ts';
import { UpstreamRegistry } from '../../../src/upstream/registry.ts';
import type { Target } from '../../../src/upstream/target.ts';
import { Upstream, type UpstreamOptions } from '../../../src/upstream/upstream.ts';
import { testFleet } from '../../helpers/fleet.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const registries = new WeakMap<Fleet, UpstreamRegistry>();

/** One a fleet, as in a gateway. */
function registryOf(fleet: Fleet): UpstreamRegistry {
  const registry = registries.get(fleet) ?? new UpstreamRegistry(fleet.onChange);
  registries.set(fleet, registry);
  return registry;
}

const OUTLIER = { consecutiveFailures: 3, eject: 10_000, maxEject: 60_000, maxEjected: 0.5 };
const urls = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `http://127.0.0.1:${i + 1}`);

function open(
  count: number,
  options: Partial<UpstreamOptions> = {},
  fleet = testFleet({ random: seededRandom('r') }),
) {
  const upstream = new Upstream(
    {
      name: 'shop',
      targets: urls(count).map((url) => ({ url, weight: 1 })),
      host: 'target',
      timeouts: { connect: 1, response: 1, idle: 1 },
      ...options,
    },
    fleet,
  );
  upstream.serve();
  const leave = registryOf(fleet).enter(upstream);
  const close = (): void => {
    leave();
    upstream.dispose();
  };
  onTestFinished(close);
  return { upstream, fleet, targets: upstream.targets as [Target, Target, Target, Target], close };
}

function fail(target: Target, times = 1): void {
  for (let i = 0; i < times; i++) {
    target.begin();
    target.end({ ok: false, ms: 1 });
  }
}

function succeed(target: Target): void {
  target.begin();
  target.end({ ok: true, ms: 1 });
}

/** How many of so many picks each target gets. */
function picks(upstream: Upstream, count = 100): number[] {
  const counts = upstream.targets.map(() => 0);
  for (let i = 0; i < count; i++) {
    const at = upstream.targets.indexOf(upstream.pick());
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

const told = ({ changes }: { changes: StateChange[] }): string[] =>
  changes.map(({ kind, subject, from, to }) => `${kind} ${subject.replace(/http.*:/, '')}: ${from} -> ${to}`);

it('a target that fails again and again is out, comes back on probation, and is longer out each time', () => {
  const { upstream, fleet, targets } = open(4, { outlier: OUTLIER });
  fail(targets[0], 2);
  succeed(targets[0]);
  fail(targets[0], 2);
  expect(upstream.report()[0]?.state, 'never three in a row').toBe('healthy');
  fail(targets[0]);
  expect(upstream.report()[0]).toMatchObject({ state: 'ejected', ejections: 1 });
  expect(picks(upstream)[0]).toBe(0);
  vi.advanceTimersByTime(9_999);
  expect(picks(upstream)[0]).toBe(0);
  vi.advanceTimersByTime(1);
  expect(picks(upstream)[0]).toBe(25);
  fail(targets[0]);
  vi.advanceTimersByTime(19_999);
  expect(picks(upstream)[0], 'one failure was enough, and twice as long').toBe(0);
  vi.advanceTimersByTime(1);
  succeed(targets[0]);
  fail(targets[0], 2);
  expect(picks(upstream)[0], 'probation is over with the first success').toBe(25);
  vi.advanceTimersByTime(20_000);
  fail(targets[0]);
  vi.advanceTimersByTime(10_000);
  expect(picks(upstream)[0], 'twice ten seconds of good conduct: it starts again').toBe(25);
  expect(told(fleet)).toEqual(
    Array.from({ length: 3 }, () => [
      'ejection shop 1: returned -> ejected',
      'ejection shop 1: ejected -> returned',
    ]).flat(),
  );
});

it('without a success there is no good conduct, however long it takes', () => {
  const { upstream, targets } = open(2, { outlier: OUTLIER });
  fail(targets[0], 3);
  vi.advanceTimersByTime(100_000);
  fail(targets[0]);
  expect(upstream.report()[0]).toMatchObject({ state: 'ejected', ejections: 2 });
});

it('the time out is bounded', () => {
  const { upstream, targets } = open(2, { outlier: OUTLIER });
  fail(targets[0], 3);
  for (const ms of [10_000, 20_000, 40_000, 60_000, 60_000]) {
    vi.advanceTimersByTime(ms - 1);
    expect(upstream.report()[0]?.state).toBe('ejected');
    vi.advanceTimersByTime(1);
    expect(upstream.report()[0]?.state).toBe('healthy');
    fail(targets[0]);
  }
});

it.each([
  [4, 0.5, 2],
  [4, 0.1, 1],
  [3, 0.5, 1],
  [1, 1, 0],
  [2, 0, 0],
  [4, 1, 4],
])('of %i targets at most a share of %f is out: %i', (count, maxEjected, out) => {
  const { upstream, targets } = open(count, { outlier: { ...OUTLIER, maxEjected } });
  for (const target of targets) fail(target, 10);
  expect(upstream.report().filter(({ state }) => state === 'ejected')).toHaveLength(out);
});

it('a target that comes back starts slowly', () => {
  const { upstream, targets } = open(2, { outlier: OUTLIER, slowStart: 30_000 });
  fail(targets[0], 3);
  vi.advanceTimersByTime(10_000);
  const before = picks(upstream, 110)[0];
  expect(before, 'a tenth of the other’s').toBe(10);
  vi.advanceTimersByTime(15_010);
  expect(picks(upstream, 150)[0]).toBe(50);
  vi.advanceTimersByTime(15_010);
  expect(picks(upstream)[0]).toBe(50);
  expect(vi.getTimerCount(), 'nothing grows any more').toBe(0);
});

it('too few healthy targets: all are used, except those that an operator took out', () => {
  const { upstream, fleet, targets } = open(4);
  const set = (i: number, to: 'healthy' | 'unhealthy'): void =>
    targets[i]?.state.apply({ kind: 'health', to, reason: 'test', by: 'test' });
  set(0, 'unhealthy');
  set(1, 'unhealthy');
  expect(picks(upstream), 'half are enough').toEqual([0, 0, 50, 50]);
  set(2, 'unhealthy');
  expect(picks(upstream)).toEqual([25, 25, 25, 25]);
  targets[2].state.apply({ kind: 'target', to: 'disabled', reason: 'test', by: 'ann' });
  expect(picks(upstream, 99)).toEqual([33, 33, 0, 33]);
  set(0, 'healthy');
  expect(picks(upstream)).toEqual([50, 0, 0, 50]);
  expect(told(fleet).filter((line) => line.startsWith('panic'))).toEqual([
    'panic shop: off -> on',
    'panic shop: on -> off',
  ]);
});

it('with panic off, none healthy means none', () => {
  const { upstream, targets } = open(1, { panic: 0 });
  targets[0].state.apply({ kind: 'health', to: 'unhealthy', reason: 'test', by: 'test' });
  expect(() => upstream.pick()).toThrow(expect.objectContaining({ code: 'upstream_unavailable' }));
  expect(() => upstream.pick()).toThrow(GatewayError);
});

it('a drained target ends what it has, then is disabled; enabled, it comes back', () => {
  const { upstream, fleet, targets } = open(2);
  const change = (to: 'draining' | 'enabled'): boolean =>
    upstream.change(targets[0].url, { kind: 'target', to, reason: 'new disk', by: 'ann' });
  targets[0].begin();
  expect(change('draining')).toBe(true);
  expect(change('draining')).toBe(true);
  expect(upstream.report()[0]).toMatchObject({ state: 'draining', reason: 'new disk', inFlight: 1 });
  expect(picks(upstream)).toEqual([0, 100]);
  targets[0].end();
  expect(upstream.report()[0]).toMatchObject({ state: 'disabled', reason: 'drained: new disk' });
  expect(change('enabled')).toBe(true);
  expect(picks(upstream)).toEqual([50, 50]);
  expect(upstream.change('http://elsewhere', { kind: 'target', to: 'enabled', reason: '', by: '' })).toBe(
    false,
  );
  expect(told(fleet)).toEqual([
    'target shop 1: enabled -> draining',
    'target shop 1: draining -> disabled',
    'target shop 1: disabled -> enabled',
  ]);
});

it('the state of a target outlives the generation, and goes with the last one that has it', () => {
  const first = open(2, { outlier: OUTLIER });
  fail(first.targets[0], 3);
  const second = open(3, { outlier: OUTLIER }, first.fleet);
  first.close();
  expect(picks(second.upstream)[0]).toBe(0);
  vi.advanceTimersByTime(10_000);
  expect(picks(second.upstream, 99)[0], 'it comes back although who ejected it is gone').toBe(33);
  second.targets[0].state.apply({ kind: 'target', to: 'disabled', reason: 'test', by: 'ann' });
  second.close();
  expect(picks(open(2, {}, first.fleet).upstream)[0], 'as if it were new').toBe(50);
});

it('only the newest generation speaks for a name', () => {
  const first = open(2);
  const second = open(4, {}, first.fleet);
  for (const { state } of first.targets)
    state.apply({ kind: 'health', to: 'unhealthy', reason: 't', by: 't' });
  expect(first.upstream.isPanic).toBe(true);
  expect(second.upstream.isPanic).toBe(false);
  expect(told(first.fleet).filter((line) => line.startsWith('panic'))).toEqual([]);
  expect(registryOf(first.fleet).all()).toEqual([second.upstream]);
  second.close();
  expect(registryOf(first.fleet).get('shop')).toBe(first.upstream);
  expect(told(first.fleet)).toContain('panic shop: off -> on');
});

it('targets that were tried are avoided as long as there are others', () => {
  for (const balance of ['round-robin', 'random', 'least-requests', 'ewma', 'hash'] as const) {
    const { upstream, targets } = open(3, { balance });
    expect(upstream.pick(new Set([targets[0], targets[2]])), balance).toBe(targets[1]);
    expect(upstream.targets).toContain(upstream.pick(new Set(targets)));
  }
});

it('a hash takes what it is told to go by, and the address where that is missing', () => {
  const fleet: Fleet = testFleet();
  const asker = (client: string, headers: Record<string, string> = {}, consumer = '') => ({
    client,
    headers,
    consumer,
  });
  const same = (
    hash: UpstreamOptions['hash'],
    one: ReturnType<typeof asker>[],
    other: ReturnType<typeof asker>[],
  ): void => {
    const { upstream } = open(4, { balance: 'hash', hash }, fleet as never);
    const of = (askers: ReturnType<typeof asker>[]): string[] =>
      askers.map((each) => upstream.pick(undefined, each).url);
    expect(of(one)).toEqual(of(other));
    expect(new Set(of(one)).size).toBeGreaterThan(1);
  };
  const many = Array.from({ length: 20 }, (_, i) => String(i));
  same(
    { by: 'header', name: 'X-User' },
    many.map((i) => asker('a', { 'x-user': i })),
    many.map((i) => asker('b', { 'x-user': i })),
  );
  same(
    { by: 'cookie', name: 'sid' },
    many.map((i) => asker('a', { cookie: `x=1; sid=${i}` })),
    many.map((i) => asker('b', { cookie: `sid=${i}` })),
  );
  same(
    { by: 'consumer', name: '' },
    many.map((i) => asker('a', {}, i)),
    many.map((i) => asker('b', {}, i)),
  );
  same(
    { by: 'header', name: 'x-user' },
    many.map((i) => asker(i)),
    many.map((i) => asker(i, { 'x-user': '' })),
  );
  same(
    undefined,
    many.map((i) => asker(i, {}, 'a')),
    many.map((i) => asker(i, {}, 'b')),
  );
});
