// Real clients, several at once, over lines that are cut, slow, lossy and say things twice, while the store dies and comes back,
// is failed over or dealt out anew: whatever happens, what a gateway acknowledged of a conversation is there once, in order, and
// nowhere else.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { it, onTestFinished, vi } from 'vitest';
import { startRedis, until } from '../helpers/redis-server.ts';
import { linesTo, startThreeNodes, startWatchedRedis } from '../helpers/redis-topologies.ts';
import { unreliableLine } from '../helpers/unreliable-line.ts';
import { holds } from './context-holds.ts';

/** That change their node at once. */
const SLOTS = 400;

vi.setConfig({ testTimeout: 1_200_000, hookTimeout: 60_000 });

it('on SQLite', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'context-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await holds({ runs: 24, store: { url: `sqlite:${join(dir, 'store.db')}` } });
});

it('on Redis', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const line = await unreliableLine(redis.port);
  onTestFinished(() => line.close());
  await holds({ runs: 24, store: { url: `redis://127.0.0.1:${line.port}` }, line });
});

it('on a Redis that is killed, and comes back from its disk', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'context-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const redis = await startRedis({ dir });
  onTestFinished(() => redis.stop());
  const during = async () => {
    await sleep(100);
    await redis.kill9();
    await sleep(100);
    await redis.restart();
  };
  await holds({ runs: 5, store: { url: redis.url }, line: linesTo([redis]), during });
});

it('on a Redis whose master dies: the Sentinel has its replica take over', async () => {
  const watched = await startWatchedRedis();
  onTestFinished(() => watched.stop());
  let [master, replica] = [watched.master, watched.replica];
  const during = async () => {
    await sleep(100);
    await master.kill9();
    await until(async () => (await watched.masterPort()) === replica.port, 'a failover');
    // Without a replica nothing counts as stored.
    await master.restart();
    await master.cli('replicaof', '127.0.0.1', `${replica.port}`);
    [master, replica] = [replica, master];
  };
  await holds({
    runs: 3,
    store: { url: watched.url, replicas: 1 },
    line: linesTo([watched.master, watched.replica]),
    during,
  });
});

it('on a Cluster of three nodes that deals out its slots anew', async () => {
  const cluster = await startThreeNodes();
  onTestFinished(() => cluster.stop());
  const [first] = cluster.nodes;
  const slotOf = async (name: string) => Number(await first?.cli('cluster', 'keyslot', `{app:${name}-one}`));
  let moved = 0;
  await holds({
    runs: 3,
    store: { url: cluster.url },
    line: linesTo(cluster.nodes),
    during: async () => {
      await cluster.reshard(SLOTS);
      moved += SLOTS;
    },
    // One of the conversations lies in what is moved next: the lowest of the first node.
    nameOf: async (run) => {
      for (let at = 0; ; at++) {
        const name = `r${run}x${at}`;
        const slot = await slotOf(name);
        if (slot >= moved && slot < moved + SLOTS) return name;
      }
    },
  });
});
