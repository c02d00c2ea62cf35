// Sentinels name another master while the one before it is still there, and its connections are.
import { it, onTestFinished, vi } from 'vitest';
import { openStore } from '../../src/stores/index.ts';
import { type RedisServer, startRedis, until } from '../helpers/redis-server.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** Of a gateway: for all, for conversations, for what is large, and for what replicas have. */
const CONNECTIONS = 4;

async function started(options = {}): Promise<RedisServer> {
  const redis = await startRedis(options);
  onTestFinished(() => redis.stop());
  return redis;
}

/** Ids of the gateway's connections, but not of the Sentinel's and of who asks. */
async function connectionsTo(redis: RedisServer): Promise<string[]> {
  const lines = (await redis.cli('client', 'list', 'type', 'normal')).split('\n');
  return lines
    .filter((line) => !/ name=sentinel-| cmd=client\|list/.test(line))
    .map((line) => /^id=(\d+)/.exec(line)?.[1] ?? '');
}

it.each([
  0, 1, 2, 3,
])('whichever connection is told first (%i), none stays with the old master', async (at) => {
  const [before, after] = [await started(), await started()];
  const sentinel = await started({ sentinelOf: before.port });
  const url = `redis-sentinel://127.0.0.1:${sentinel.port}/main`;
  const store = await openStore(url, { commandTimeoutMs: 10_000, replicas: 1 });
  onTestFinished(() => store.close());
  await until(async () => (await connectionsTo(before)).length === CONNECTIONS);
  await sentinel.cli('sentinel', 'remove', 'main');
  await sentinel.cli('sentinel', 'monitor', 'main', '127.0.0.1', `${after.port}`, '1');
  const ids = await connectionsTo(before);
  await before.cli('client', 'kill', 'id', `${ids[at]}`);
  await until(async () => (await connectionsTo(after)).length === CONNECTIONS, 'all to be there');
  await until(async () => (await connectionsTo(before)).length === 0, 'the old master to be left');
});
