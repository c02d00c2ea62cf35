import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { Replicas } from '../../../src/hypercare/engine/replicas.ts';
import { openStore } from '../../../src/stores/index.ts';
import { eventually } from '../../helpers/gateway.ts';

it('what waits while the store is slow is told once it is not, all that is kept of it', async () => {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const free = Promise.withResolvers<void>();
  const replicas = new Replicas({
    logs: {
      read: (...asked) => store.logs.read(...asked),
      drop: (log) => store.logs.drop(log),
      append: async (...said) => {
        await free.promise;
        return store.logs.append(...said);
      },
    },
    log: pino({ level: 'silent' }),
    tickMs: () => 10_000,
    merge: () => undefined,
    onPartial: () => undefined,
    now: Date.now,
  });
  const told = async (): Promise<string[]> =>
    (await store.logs.read('hypercare-deltas', '')).map(({ text }) => text.split(' ')[2] ?? '');

  replicas.tick('tick1');
  // The first is on its way; of the others the last six are kept.
  await new Promise(setImmediate);
  for (let tick = 2; tick <= 9; tick++) replicas.tick(`tick${tick}`);
  free.resolve();
  await eventually(async () => (await told()).includes('tick9'));
  expect(await told()).toEqual(['tick1', 'tick4', 'tick5', 'tick6', 'tick7', 'tick8', 'tick9']);
});
