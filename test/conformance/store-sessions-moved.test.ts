// Conversations go on while the Redis under them dies and comes back, is failed over, or is dealt out anew: what was
// acknowledged is there exactly once, in the order in which it was committed.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openVault } from '../../src/context/privacy/vault.ts';
import type { SessionRef } from '../../src/contracts/session.ts';
import { type Store, StoreUnavailable } from '../../src/contracts/store.ts';
import { startRedis, until } from '../helpers/redis-server.ts';
import { openRedis } from '../helpers/redis-store.ts';
import { startThreeNodes, startWatchedRedis } from '../helpers/redis-topologies.ts';
import { unreliableLine } from '../helpers/unreliable-line.ts';
import { commitOptions, draft, reserveOptions } from './session-drafts.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

/** Of each writer; many more where there is time. */
const TURNS = Number(process.env.CONTEXT_MODEL_RUNS ?? 1) * 12;
const WRITERS = 6;
const SESSIONS = ['one', 'two', 'three'].map((session) => ({ tenant: 'shop', session }));

async function opened(url: string, replicas = 0, commandTimeoutMs = 2000): Promise<Store> {
  const store = await openRedis(url, { commandTimeoutMs, replicas });
  onTestFinished(() => store.close());
  return store;
}

/** Until the store takes it: a client that asks again. */
async function insisting<T>(call: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || performance.now() > deadline) throw error;
      await sleep(30);
    }
  }
}

/** Writers on two replicas of the gateway write to three sessions; `during` happens when a third of it is written. */
async function writeThrough(stores: readonly Store[], during: () => Promise<void>): Promise<void> {
  const acknowledged = new Map<string, { ref: SessionRef; version: number }>();
  const all = WRITERS * TURNS;
  let disturbed: Promise<void> | undefined;
  const write = async (writer: number): Promise<void> => {
    const { sessions } = stores[writer % stores.length] as Store;
    const ref = SESSIONS[writer % SESSIONS.length] as SessionRef;
    for (let at = 0; at < TURNS; at++) {
      const turn = draft(`${writer}.${at}`, { id: randomBytes(12).toString('hex') });
      const from = await insisting(() => sessions.reserve(ref, reserveOptions(turn.id)));
      if (from.kind !== 'reserved') throw new Error(from.kind);
      const committed = await insisting(() => sessions.commit(ref, commitOptions(turn, from)));
      if (committed.kind !== 'committed') throw new Error(committed.kind);
      acknowledged.set(turn.id, { ref, version: committed.version });
      if (acknowledged.size * 3 >= all) disturbed ??= during();
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  await disturbed;
  const [store] = stores as [Store];
  let found = 0;
  for (const ref of SESSIONS) {
    const view = await insisting(() => store.sessions.read(ref));
    const turns = view?.turns ?? [];
    expect(turns.map(({ version }) => version)).toEqual(turns.map((_, at) => at + 1));
    for (const { id, version } of turns) expect(acknowledged.get(id)).toEqual({ ref, version });
    found += turns.length;
  }
  expect([found, acknowledged.size]).toEqual([all, all]);
}

it('Redis is killed, and comes back from its disk', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'context-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const redis = await startRedis({ dir });
  onTestFinished(() => redis.stop());
  await writeThrough([await opened(redis.url), await opened(redis.url)], async () => {
    await redis.kill9();
    await sleep(200);
    await redis.restart();
  });
});

it('the master dies under Sentinel: its replica takes over, and has all that was acknowledged', async () => {
  const watched = await startWatchedRedis();
  onTestFinished(() => watched.stop());
  await writeThrough([await opened(watched.url, 1), await opened(watched.url, 1)], async () => {
    await watched.master.kill9();
    await until(async () => (await watched.masterPort()) === watched.replica.port, 'a failover');
    // Without a replica nothing counts as stored: the old master comes back as one, ten seconds before the Sentinel would.
    await watched.master.restart();
    await watched.master.cli('replicaof', '127.0.0.1', `${watched.replica.port}`);
  });
});

it('what is begun, described, deleted and erased counts as done only where the replicas have it too', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  // Half of it is waited for the replicas, and half is for the machine.
  const [alone, safe] = [await opened(redis.url), await opened(redis.url, 1, 4000)];
  const ref = { tenant: 'shop', session: 'one' };
  const turn = draft('a secret');
  const from = await alone.sessions.reserve(ref, reserveOptions(turn.id));
  if (from.kind !== 'reserved') throw new Error(from.kind);
  await alone.sessions.commit(ref, commitOptions(turn, from));
  const [stored] = (await alone.sessions.read(ref))?.turns ?? [];
  if (!stored) throw new Error('no turn');
  const made = { owner: '', metadata: '', ttlMs: 60_000, maxAgeMs: 60_000 };
  for (const change of [
    () => safe.sessions.create({ tenant: 'shop', session: 'two' }, made),
    () => safe.sessions.describe(ref, 'notes'),
    () => safe.sessions.redact(ref, 1, stored.content, { ...stored, content: '' }),
    () => safe.sessions.erase(ref),
  ])
    await expect(change()).rejects.toThrow(/0 of 1 replicas/);
});

it('a consumer’s key is there, and is destroyed, only where the replicas know it', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const [alone, safe] = [await opened(redis.url), await opened(redis.url, 1, 4000)];
  const vaultIn = ({ documents }: Store) =>
    openVault({ documents, encryptWith: 'a secret of this year', decryptWith: [], now: Date.now });
  const vault = vaultIn(safe);
  const unknown = /0 of 1 replicas/;
  await expect(async () => vault.of('shop')).rejects.toThrow(unknown);
  await expect(vault.rotate('bank')).rejects.toThrow(unknown);
  const sealed = (await vaultIn(alone).of('shop')).seal('a secret');
  expect((await vault.of('shop')).open(sealed)).toBe('a secret');
  // Also when it is asked for again, and is gone from the master.
  for (let time = 0; time < 2; time++) await expect(vault.destroy('shop')).rejects.toThrow(unknown);
  expect(await alone.documents.list('context-keys', { after: 'tenant c' })).toEqual([]);
  // Other documents wait for nobody.
  expect(await safe.documents.put('notes', 'one', 1)).toEqual({ ok: true, version: 1 });
  expect(await safe.documents.delete('notes', 'one')).toBe(true);
});

it('three nodes of a Cluster deal out their slots anew', async () => {
  const cluster = await startThreeNodes();
  onTestFinished(() => cluster.stop());
  const stores = [await opened(cluster.url), await opened(cluster.url)];
  await writeThrough(stores, () => cluster.reshard(1000));
});

it('a line that is cut, slow, swallows answers and says everything twice', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const line = await unreliableLine(redis.port);
  onTestFinished(() => line.close());
  line.repeats = true;
  const url = `redis://127.0.0.1:${line.port}`;
  await writeThrough([await opened(url), await opened(url)], async () => {
    for (let at = 0; at < 4; at++) {
      line.delayMs = 3 * at;
      line.losesAnswers = true;
      await sleep(20);
      line.cut();
      line.losesAnswers = false;
      await sleep(60);
    }
    line.delayMs = 0;
  });
});
