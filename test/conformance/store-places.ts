import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../src/contracts/store.ts';
import { openStore } from '../../src/stores/index.ts';
import { type RedisServer, startRedis } from '../helpers/redis-server.ts';
import { openRedis } from '../helpers/redis-store.ts';

/** Where a store can live. Every suite of the contract runs on each. */
export interface Place {
  open(): Promise<Store>;
  /** Lets `ms` milliseconds pass for the store. */
  pass(ms: number): Promise<void>;
  remove(): Promise<void>;
}

function injectedTime() {
  let now = 1_700_000_000_000;
  return {
    now: () => now,
    pass: async (ms: number) => {
      now += ms;
    },
  };
}

async function memory(): Promise<Place> {
  const time = injectedTime();
  return { open: () => openStore('memory:', time), pass: time.pass, remove: async () => undefined };
}

async function sqlite(): Promise<Place> {
  const time = injectedTime();
  const dir = await mkdtemp(join(tmpdir(), 'hypercare-store-'));
  return {
    open: () => openStore(`sqlite:${join(dir, 'made', 'store.db')}`, time),
    pass: time.pass,
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

async function redis(cluster: boolean): Promise<Place> {
  const server: RedisServer = await startRedis({ cluster });
  return {
    // Generous, because the machine may be busy; what the deadline does is tested in store-redis.test.ts.
    open: () => openRedis(server.url),
    // Redis keeps its own time. What ends in these tests ends within 300 ms, or while they wait for it; nothing else may end
    // however long a busy machine takes from one step to the next.
    pass: (ms) => sleep(Math.min(ms, 300)),
    remove: () => server.stop(),
  };
}

export const places = [
  { name: 'memory', make: memory },
  { name: 'sqlite', make: sqlite },
  { name: 'redis', make: () => redis(false) },
  { name: 'redis-cluster', make: () => redis(true) },
];
