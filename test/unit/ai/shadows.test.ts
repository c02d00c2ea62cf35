import { Registry } from 'prom-client';
import { expect, it, onTestFinished } from 'vitest';
import { Shadows, shadowPairs } from '../../../src/ai/shadow/shadows.ts';
import type { ShadowPair } from '../../../src/contracts/shadow.ts';
import { openStore } from '../../../src/stores/index.ts';
import type { Logger } from '../../../src/telemetry/logger.ts';

const pair = (at: number): ShadowPair =>
  ({ at, requestId: `request-${at}`, real: { model: 'smart' } }) as unknown as ShadowPair;

it('while there are free places no pair takes that of another; then the store holds no more', async () => {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const { documents } = store;
  const shadows = new Shadows(documents, new Registry(), {} as Logger);
  const kept = async (): Promise<number[]> => (await shadowPairs(documents, 'smart')).map(({ at }) => at);
  const settings = { keep: 4, keepFor: 60_000 };

  for (const at of [1, 2, 3, 4]) await shadows.keep(pair(at), settings);
  expect(await kept()).toEqual([4, 3, 2, 1]);

  await shadows.keep(pair(5), settings);
  expect(await kept()).toHaveLength(4);
  expect(await kept()).toContain(5);
});
