import { afterEach, beforeEach, expect, it } from 'vitest';
import { Audit } from '../../../src/admin/audit.ts';
import { type Documents, type Store, StoreUnavailable } from '../../../src/contracts/store.ts';
import { openStore } from '../../../src/stores/index.ts';
import { openLog } from '../../../src/telemetry/logger.ts';

let store: Store;
const lines: string[] = [];
const logAt = (level: string) => openLog(level, { write: (text: string) => lines.push(text) });
beforeEach(async () => {
  store = await openStore('memory:');
  lines.length = 0;
});
afterEach(() => store.close());

/** The store's documents, of which writes fail while it is down. */
function failing(documents: Documents): { documents: Documents; state: { isDown: boolean } } {
  const state = { isDown: false };
  const guarded = new Proxy(documents, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...args: unknown[]) =>
        state.isDown
          ? Promise.reject(new StoreUnavailable('down'))
          : (Reflect.apply(method, target, args) as unknown);
    },
  });
  return { documents: guarded, state };
}

const change = (requestId: string) => ({
  by: 'ola',
  from: '127.0.0.1',
  action: 'applyRevision',
  method: 'POST',
  path: '/api/revisions',
  status: 200,
  outcome: 'ok',
  details: {},
  requestId,
});

it('lists the newest first, also of one millisecond', async () => {
  const audit = new Audit(store.documents, logAt('info'), () => 1_000_000);
  for (let i = 0; i < 12; i++) await audit.record(change(String(i)));
  const first = await audit.list(5);
  expect(first.map(({ requestId }) => requestId)).toEqual(['11', '10', '9', '8', '7']);
  const rest = await audit.list(100, first.at(-1)?.id);
  expect(rest.map(({ requestId }) => requestId)).toEqual(['6', '5', '4', '3', '2', '1', '0']);
});

it('what happened while the store was down is in it once it is back, each entry once', async () => {
  const { documents, state } = failing(store.documents);
  const audit = new Audit(documents, logAt('info'));
  await audit.record(change('before'));
  state.isDown = true;
  await audit.record(change('meanwhile-1'));
  await audit.record(change('meanwhile-2'));
  expect(lines.filter((line) => line.includes('kept in memory'))).toHaveLength(2);
  expect(lines.filter((line) => line.includes('admin change'))).toHaveLength(3);

  state.isDown = false;
  await Promise.all([audit.flush(), audit.record(change('after'))]);

  const entries = await audit.list(100);
  expect(entries.map(({ requestId }) => requestId)).toEqual([
    'after',
    'meanwhile-2',
    'meanwhile-1',
    'before',
  ]);
});

it('stands in a log that tells of faults only, and not in one that tells nothing', async () => {
  for (const level of ['info', 'warn', 'silent'])
    await new Audit(store.documents, logAt(level), () => 1_000_000).record(change(level));
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject(
    ['info', 'warn'].map((requestId) => ({
      time: '1970-01-01T00:16:40.000Z',
      level: 'info',
      msg: 'admin change',
      audit: { by: 'ola', action: 'applyRevision', requestId },
    })),
  );
});
