import type { Store } from '../../src/contracts/store.ts';
import { openStore, type StoreOptions } from '../../src/stores/index.ts';
import { until } from './redis-server.ts';

/** Milliseconds: a machine that is busy with other tests must not look like a Redis that is down. */
export const PATIENT_MS = 10_000;

/** Until a store answers: on a busy machine one may be open before its first connection to a Redis that is up stands. */
export const untilUp = (store: Store): Promise<void> =>
  until(
    () =>
      store.ping().then(
        () => true,
        () => false,
      ),
    'the store to answer',
  );

/** A store on a Redis that is up, once it answers. */
export async function openRedis(url: string, options: StoreOptions = {}): Promise<Store> {
  const store = await openStore(url, { commandTimeoutMs: PATIENT_MS, ...options });
  await untilUp(store);
  return store;
}
