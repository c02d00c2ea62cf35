import { expect, test } from 'vitest';
import type { Documents } from '../../../src/contracts/store.ts';
import { careReplicas } from '../../helpers/care-replicas.ts';
import { eventually } from '../../helpers/gateway.ts';
import { detection } from '../../helpers/told-engine.ts';

test('who leads again tells nothing that another has told meanwhile, however long it takes to work off what waits', async () => {
  const { documents, shared, told, replica } = await careReplicas();
  const gate = Promise.withResolvers<void>();
  let looksUp = 0;
  let readsAnew = false;
  // The second thing that waits takes until the first has been told of.
  const slow = {
    get: async (collection: string, id: string) => {
      if (shared.now > began && collection === 'finding-fingerprints' && ++looksUp === 2) await gate.promise;
      return documents.get(collection, id);
    },
    list: (collection: string, options: object) => {
      readsAnew ||= shared.now > began && collection === 'finding-told';
      return documents.list(collection, options);
    },
  };
  const began = shared.now;
  const a = replica({
    documents: new Proxy(documents, {
      get: (of, name) =>
        Reflect.get(slow, name) ?? (Reflect.get(of, name) as (...args: unknown[]) => unknown).bind(of),
    }) as Documents,
  });
  const found = detection({ where: { scopes: [], share: 1, normal: [] } });
  await a.care.start();
  a.engine.say('opened', found);
  await eventually(() => told.length === 1);

  shared.now += 31_000;
  const b = replica();
  await b.care.start();
  const [finding] = await b.care.book.all();
  await b.care.desk.acknowledge(finding?.id ?? '', 'ada');
  await eventually(() => told.length === 2);
  await b.care.stop();

  for (let waits = 0; waits < 2; waits++) a.engine.say('updated', found);
  const beat = a.care.beat();
  await eventually(() => readsAnew || told.length > 2);
  gate.resolve();
  await beat;
  await a.care.stop();
  expect(told).toEqual(['finding.opened', 'finding.acknowledged']);
});
