import { expect, it } from 'vitest';
import { type Documents, type PutOptions, StoreUnavailable } from '../../../src/contracts/store.ts';
import { parseExact } from '../../../src/lib/exact-json.ts';
import type { MessageCall } from '../../../src/mcp/call.ts';
import { Patience, PatientDocuments } from '../../../src/mcp/patience.ts';
import { admitTasks, withOwnTasks } from '../../../src/mcp/relay/tasks.ts';
import type { McpServer } from '../../../src/mcp/server.ts';

const SERVER = { name: 'slow' } as McpServer;
const DAY_MS = 86_400_000;

/** Calls beside a store of which is known what it was asked, in time that passes only while it is waited for. */
function calling() {
  const kept = new Set<string>();
  const lifetimes: (number | undefined)[] = [];
  let reads = 0;
  let now = 0;
  let backAt = 0;
  const assertThere = (): void => {
    if (now < backAt) throw new StoreUnavailable('it is away');
  };
  const store = {
    async get(_collection: string, id: string) {
      assertThere();
      reads++;
      return kept.has(id) ? { id, version: 1, value: {} } : undefined;
    },
    async put(_collection: string, id: string, _value: unknown, { ttlMs }: PutOptions) {
      assertThere();
      lifetimes.push(ttlMs);
      kept.add(id);
      return { ok: true, version: 1 };
    },
  } as unknown as Documents;
  const patience = new Patience({
    monotonic: () => now,
    wait: async (ms) => {
      now += ms;
    },
  });
  const ports = { documents: store, replicas: { documents: new PatientDocuments(store, patience) } };
  const callOf = (method: string, params: object = {}) =>
    ({ principal: 'ada', ports, inbound: { method, params } }) as unknown as MessageCall;
  /** @param task as its server writes it */
  const begin = (task: string) =>
    withOwnTasks(
      parseExact(`{"task":${task}}`) as Record<string, unknown>,
      'tools/call',
      SERVER,
      callOf('tools/call'),
    );
  return {
    begin,
    admit: (method: string, params: object) => admitTasks(SERVER, callOf(method, params)),
    lifetimes,
    reads: () => reads,
    leave: (ms: number) => {
      backAt = now + ms;
    },
  };
}

it('a task that begins while the store fails over is its principal’s, and so it is while the next one does', async () => {
  const { begin, admit, leave } = calling();
  leave(1000);
  await begin('{"taskId":"a"}');
  leave(1000);
  await admit('tasks/get', { taskId: 'a' });
  await expect(admit('tasks/get', { taskId: 'b' })).rejects.toMatchObject({ code: 'mcp_task_unknown' });
});

it('it is kept for its own time, however that is written, for a day at least and 30 at most', async () => {
  const { begin, lifetimes } = calling();
  for (const ttl of ['172800000', '172800000.0', '1728e5', '1', '1e400', 'null', '"x"'])
    await begin(`{"taskId":"a","ttl":${ttl}}`);
  expect(lifetimes.map((ms) => (ms ?? 0) / DAY_MS)).toEqual([2, 2, 2, 1, 30, 30, 1]);
});

it('the store is asked once for a task that is named often', async () => {
  const { begin, admit, reads } = calling();
  await begin('{"taskId":"a"}');
  await admit('subscriptions/listen', { notifications: { taskIds: Array.from({ length: 50 }, () => 'a') } });
  expect(reads()).toBe(1);
});
