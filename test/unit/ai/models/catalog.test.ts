import { expect, it } from 'vitest';
import { buildCatalog } from '../../../../src/ai/models/catalog.ts';
import type { AiConfig } from '../../../../src/config/schema/index.ts';
import { testFleet } from '../../../helpers/fleet.ts';

const timeouts = { connect: 1_000, firstToken: 1_000, idle: 1_000, total: 1_000 };
const target = (provider: string, model: string, weight = 1) => ({ provider, model, version: '', weight });
const config = {
  prefix: '/v1',
  policies: [],
  providers: {
    a: { kind: 'openai', baseUrl: 'http://127.0.0.1:9/v1', apiKey: 'k' },
    b: { kind: 'openai', baseUrl: 'http://127.0.0.1:9/v1/', apiKey: 'k' },
    c: { kind: 'gemini', baseUrl: 'http://127.0.0.1:8', apiKey: 'k' },
  },
  models: {
    mixed: {
      targets: [target('a', 'm', 2), target('b', 'm'), target('c', 'm', 9)],
      fallback: ['later'],
      timeouts,
    },
    later: { targets: [target('c', 'm')], fallback: [], timeouts },
    rules: { rules: [{ reply: 'x' }], fallback: [], timeouts },
    // A name like a part of every object's is a name like any other.
    constructor: { targets: [target('a', 'модель')], fallback: [], timeouts },
  },
  prices: { 'a/m': { input: 1, output: 2, perRequest: 0, tiers: {} } },
  prompts: {},
} as unknown as AiConfig;

function build() {
  const fleet = testFleet();
  return { fleet, catalog: buildCatalog(config, fleet) };
}

it('deployments take turns by weight; those of a kind to come are left out', () => {
  const { catalog } = build();
  const mixed = catalog.get('mixed');
  const names = Array.from({ length: 6 }, () => mixed?.pick()?.name);
  expect(names.filter((name) => name === 'a/m')).toHaveLength(4);
  expect(names.filter((name) => name === 'b/m')).toHaveLength(2);
});

it('a model with nothing that can be called picks nothing', () => {
  const { catalog } = build();
  expect(catalog.get('later')?.pick()).toBeUndefined();
  expect(catalog.get('rules')?.pick()).toBeUndefined();
});

it('knows the names of the config and no others', () => {
  const { catalog } = build();
  expect(catalog.names()).toEqual(['mixed', 'later', 'rules', 'constructor']);
  for (const name of ['__proto__', 'toString', '', 'Mixed']) expect(catalog.get(name)).toBeUndefined();
});

it('a deployment knows its price and its name in a header', () => {
  const { catalog } = build();
  const own = catalog.get('constructor')?.pick();
  expect(own?.name).toBe('a/модель');
  expect(own?.headerName).toMatch(/^[\x21-\x7e]+$/);
  expect(catalog.get('mixed')?.pick()?.price({ input: 1e6, output: 1e6, cached: 0 })).toBe(3);
});

it('the rotation goes on where the revision before left it, and pools are shared and let go', () => {
  const { fleet, catalog } = build();
  const first = catalog.get('mixed')?.pick()?.name;
  const next = buildCatalog(config, fleet);
  expect(fleet.pools.size).toBe(1);
  catalog.dispose();
  expect(fleet.pools.size).toBe(1);
  const names = [first, next.get('mixed')?.pick()?.name, next.get('mixed')?.pick()?.name];
  expect(names.sort()).toEqual(['a/m', 'a/m', 'b/m']);
  next.dispose();
  expect(fleet.pools.size).toBe(0);
});
