import { expect, test } from 'vitest';
import type { Scope } from '../../../src/contracts/signal.ts';
import type { World } from '../../../src/hypercare/actions/proposal.ts';
import { badModel } from '../../../src/hypercare/actions/proposals/models.ts';
import { badTarget, badVariant } from '../../../src/hypercare/actions/proposals/targets.ts';
import { detection } from '../../helpers/told-engine.ts';

const [A, B] = ['http://a:1', 'http://b:1'] as const;
const TARGET = { kind: 'target', sentence: '', confidence: 0.9, change: null } as const;
const WRITTEN = {
  upstreams: {
    shop: {
      targets: [
        { url: A, weight: 1 },
        { url: B, weight: 1 },
      ],
    },
  },
  routes: [
    {
      name: 'export',
      split: [
        { upstream: 'shop', weight: 9 },
        { upstream: 'next', weight: 1 },
      ],
    },
    { name: 'list', upstream: 'shop' },
  ],
  ai: {
    models: {
      support: {
        targets: [
          { provider: 'primary', model: 'small', version: '', weight: 9 },
          { provider: 'backup', model: 'small', version: '', weight: 1 },
        ],
        fallback: [],
      },
    },
  },
};

const world = (...scopes: Scope[]): World => worldOf(WRITTEN, ...scopes);
const worldOf = (written: object, ...scopes: Scope[]): World =>
  ({
    detection: detection({ where: { scopes, share: 1, normal: [] }, cause: TARGET }),
    config: written,
    written,
    live: { targets: () => [A, B].map((url) => ({ url, state: 'healthy' })) },
  }) as never;

test('what takes traffic off a target is proven where that traffic goes, and not on all that the upstream is asked', async () => {
  const moves = async (...scopes: Scope[]) =>
    (await badTarget(world(...scopes))).map(({ kind, movesTo, affects }) => [kind, movesTo, affects]);
  const there = [{ route: 'export', upstream: 'shop' }];
  expect(await moves({ route: 'export', target: B })).toEqual([
    ['shift-traffic', there, 0.5],
    ['drain-target', there, 0.5],
  ]);
  const [shift] = await moves({ region: 'eu', target: B }, { region: 'us', target: B, upstream: 'shop' });
  expect(shift?.[1]).toEqual([
    { region: 'eu', upstream: 'shop' },
    { region: 'us', upstream: 'shop' },
  ]);
});

test('so is what takes it off a variant of a route, or off a provider of a model', async () => {
  const [variant] = await badVariant(world({ route: 'export', upstream: 'next', region: 'eu' }));
  expect(variant).toMatchObject({ movesTo: [{ route: 'export', region: 'eu' }], affects: 0.1 });
  const [model] = await badModel(world({ provider: 'primary', prompt: 'answer' }));
  expect(model?.movesTo).toEqual([{ model: 'support', prompt: 'answer' }]);
  expect(model?.canary?.scopes).toEqual([{ model: 'support', prompt: 'answer', target: 'backup/small' }]);
});

test('a canary gives the others a quarter and keeps what they have among themselves: nothing bad gets more than before', async () => {
  const canary = async (...weights: number[]) => {
    const targets = weights.map((weight, i) => ({ provider: `p${i}`, model: 'm', version: '', weight }));
    const models = { support: { targets, fallback: [] } };
    const [model] = await badModel(worldOf({ ...WRITTEN, ai: { models } }, { provider: 'p0' }));
    const after = targets.map(({ weight }, i) => {
      const path = `/ai/models/support/targets/${i}/weight`;
      const change = model?.canary?.operations.find((each) => each.path === path);
      return change && 'value' in change ? change.value : weight;
    });
    return model?.canary && after;
  };
  expect(await canary(90, 10)).toEqual([3, 1]);
  expect(await canary(95, 2, 0, 3)).toEqual([15, 2, 0, 3]);
  expect(await canary(1, 0, 0)).toEqual([6, 1, 1]);
  // The others carry a quarter already, or most of it: there is nothing to try on a part.
  expect(await canary(3, 1)).toBeUndefined();
  expect(await canary(1, 1)).toBeUndefined();
  expect(await canary(10, 90)).toBeUndefined();
});
