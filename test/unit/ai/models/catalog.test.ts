import { expect, it } from 'vitest';
import { buildCatalog, type Catalog } from '../../../../src/ai/models/catalog.ts';
import { ModelStates } from '../../../../src/ai/models/states.ts';
import type { AiConfig } from '../../../../src/config/schema/index.ts';
import { openMetrics } from '../../../../src/telemetry/metrics.ts';
import { testFleet } from '../../../helpers/fleet.ts';

const timeouts = { connect: 1_000, firstToken: 1_000, idle: 1_000, total: 1_000 };
const target = (provider: string, model: string, weight = 1) => ({ provider, model, version: '', weight });
const own = { strategy: 'weighted', sticky: 'none', fallback: [], routes: [], timeouts };
const config = {
  prefix: '/v1',
  policies: [],
  providers: {
    a: { kind: 'openai', baseUrl: 'http://127.0.0.1:9/v1', apiKey: 'k', drop: [] },
    b: { kind: 'openai', baseUrl: 'http://127.0.0.1:9/v1/', apiKey: 'k', drop: [] },
    c: { kind: 'of-tomorrow', baseUrl: 'http://127.0.0.1:8', apiKey: 'k', drop: [] },
  },
  models: {
    mixed: {
      targets: [target('a', 'm', 2), target('b', 'm'), target('c', 'm', 9)],
      ...own,
      fallback: ['later'],
    },
    later: { targets: [target('c', 'm')], ...own },
    rules: { rules: [{ reply: 'x' }], ...own },
    sticky: { targets: [target('a', 'm', 9), target('b', 'm')], ...own, sticky: 'session' },
    cheap: {
      targets: [target('b', 'm'), target('a', 'm'), target('a', 'n')],
      ...own,
      strategy: 'cost',
    },
    fast: { targets: [target('a', 'm'), target('b', 'm')], ...own, strategy: 'latency' },
    idle: { targets: [target('a', 'm'), target('b', 'm')], ...own, strategy: 'load' },
    // A name like a part of every object's is a name like any other.
    constructor: { targets: [target('a', 'модель')], ...own },
  },
  prices: {
    'a/m': { input: 1, output: 2, perRequest: 0, tiers: {} },
    'b/m': { input: 0, output: 0, perRequest: 0.001, tiers: {} },
    'a/n': { input: 9, output: 9, perRequest: 0, tiers: {} },
  },
  prompts: {},
} as unknown as AiConfig;

function build(random = Math.random, now = () => performance.now()) {
  const fleet = testFleet({ random, now });
  const ports = { fleet, fetch, states: new ModelStates(openMetrics({ process: false }), () => undefined) };
  return { fleet, ports, catalog: buildCatalog(config, ports) };
}

/** The deployment whose turn it is. */
function pick(catalog: Catalog, model: string, { consumer = '', session = '', tokens = 0 } = {}) {
  return catalog.get(model)?.select(new Set(), {
    asker: { consumer, client: '127.0.0.1', headers: {} },
    session,
    user: '',
    tier: '',
    usage: () => ({ input: tokens, output: tokens, cached: 0 }),
  });
}

it('deployments take turns by weight; those of a kind that nobody knows are left out', () => {
  const { catalog } = build();
  const names = Array.from({ length: 6 }, () => pick(catalog, 'mixed')?.name);
  expect(names.filter((name) => name === 'a/m')).toHaveLength(4);
  expect(names.filter((name) => name === 'b/m')).toHaveLength(2);
});

it('a model with nothing that can be called picks nothing', () => {
  const { catalog } = build();
  expect(pick(catalog, 'later')).toBeUndefined();
  expect(pick(catalog, 'rules')).toBeUndefined();
});

it('knows the names of the config and no others', () => {
  const { catalog } = build();
  expect(catalog.names()).toEqual([
    'mixed',
    'later',
    'rules',
    'sticky',
    'cheap',
    'fast',
    'idle',
    'constructor',
  ]);
  for (const name of ['__proto__', 'toString', '', 'Mixed']) expect(catalog.get(name)).toBeUndefined();
});

it('a deployment knows its price and its name in a header', () => {
  const { catalog } = build();
  const own = pick(catalog, 'constructor');
  expect(own?.name).toBe('a/модель');
  expect(own?.headerName).toMatch(/^[\x21-\x7e]+$/);
  expect(pick(catalog, 'mixed')?.price({ input: 1e6, output: 1e6, cached: 0 })).toBe(3);
});

it('the rotation goes on where the revision before left it, and pools are shared and let go', () => {
  const { fleet, ports, catalog } = build();
  const first = pick(catalog, 'mixed')?.name;
  const next = buildCatalog(config, ports);
  expect(fleet.pools.size).toBe(1);
  catalog.dispose();
  expect(fleet.pools.size).toBe(1);
  const names = [first, pick(next, 'mixed')?.name, pick(next, 'mixed')?.name];
  expect(names.sort()).toEqual(['a/m', 'a/m', 'b/m']);
  next.dispose();
  expect(fleet.pools.size).toBe(0);
});

it('a session stays with its target, in every process, and sessions are shared out by weight', () => {
  const [one, other] = [build().catalog, build().catalog];
  const sessions = Array.from({ length: 400 }, (_, i) => ({ consumer: 'app', session: `s${i}` }));
  const chosen = sessions.map((asking) => pick(one, 'sticky', asking)?.name);
  expect(sessions.map((asking) => pick(other, 'sticky', asking)?.name)).toEqual(chosen);
  const share = chosen.filter((name) => name === 'b/m').length / 400;
  expect(share).toBeGreaterThan(0.04);
  expect(share).toBeLessThan(0.17);
});

it('the cheapest target depends on the call: one is paid by the token, one by the call', () => {
  const { catalog } = build();
  expect(pick(catalog, 'cheap', { tokens: 10 })?.name).toBe('a/m');
  expect(pick(catalog, 'cheap', { tokens: 10_000 })?.name).toBe('b/m');
});

it('latency and load choose the better one of two', () => {
  const { catalog } = build();
  const [a] = catalog.get('fast')?.deployments ?? [];
  const now = performance.now();
  for (const { load, name } of catalog.get('fast')?.deployments ?? [])
    load.answered(name === 'a/m' ? 2_000 : 20, now);
  const fast = Array.from({ length: 20 }, () => pick(catalog, 'fast')?.name);
  expect(new Set(fast)).toEqual(new Set(['b/m']));
  if (a) a.load.inFlight = 5;
  const idle = Array.from({ length: 20 }, () => pick(catalog, 'idle')?.name);
  expect(new Set(idle), 'the load is the process’s, whichever model it came by').toEqual(new Set(['b/m']));
});

it('who begins to refuse all that it is asked does not draw all of it by looking ever quicker', () => {
  let now = 0;
  const { catalog } = build(Math.random, () => now);
  for (const { load, name } of catalog.get('fast')?.deployments ?? [])
    load.answered(name === 'a/m' ? 200 : 210, now);
  const chosen: unknown[] = [];
  for (; now < 600_000; now += 10_000) {
    const picked = pick(catalog, 'fast');
    chosen.push(picked?.name);
    if (picked?.name === 'a/m') picked.load.refused(now);
    else picked?.load.answered(210, now);
  }
  expect(chosen.filter((name) => name === 'b/m').length).toBeGreaterThan(20);
});

it('who is slow is known for minutes, however seldom it is asked, and is tried again then', () => {
  let now = 0;
  const { catalog } = build(Math.random, () => now);
  for (const { load, name } of catalog.get('fast')?.deployments ?? [])
    load.answered(name === 'a/m' ? 2_000 : 20, now);
  const chosen: unknown[] = [];
  for (; now < 600_000; now += 10_000) {
    const picked = pick(catalog, 'fast');
    chosen.push(picked?.name);
    picked?.load.answered(picked.name === 'a/m' ? 2_000 : 20, now);
  }
  expect(new Set(chosen.slice(0, 20))).toEqual(new Set(['b/m']));
  expect(chosen.filter((name) => name === 'a/m').length).toBeGreaterThan(0);
  expect(chosen.filter((name) => name === 'a/m').length).toBeLessThan(4);
});
