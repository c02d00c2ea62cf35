import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { isInstalled, LOAD_CORE } from '../../harness/pinning.ts';
import { freePort, startProcess } from '../../harness/processes.ts';
import { spread } from '../../harness/statistics.ts';

/** A store that runs. */
export interface RunningStore {
  /** As a gateway is told of it. */
  readonly config: object;
  /** Its processes, where it has some of its own: they are on the load's core. */
  readonly pids: readonly number[];
  /** Scripts that it has run so far: one a round trip of a conversation, which sends nothing else. NaN where there are none. */
  trips(): number;
  stop(): Promise<void>;
}

export interface StoreKind {
  readonly name: string;
  /** When a turn is on the disk. */
  readonly what: string;
  /** How its URL begins. */
  readonly scheme: string;
  /** Set as it is by itself. */
  readonly isDefault: boolean;
  missing(): string | null;
  start(folder: string): Promise<RunningStore>;
}

/** What the machine itself takes for what no turn can do without. */
export interface Floor {
  /** In words. */
  readonly unit: string;
  /** Milliseconds at the median. */
  measure(folder: string): Promise<number>;
}

const sqlite = (sync: string, what: string): StoreKind => ({
  name: `SQLite, sync: ${sync}`,
  what,
  scheme: 'sqlite:',
  isDefault: sync === 'everysec',
  missing: () => null,
  start: async (folder) => ({
    config: { url: `sqlite:${join(folder, 'store.db')}`, sync },
    pids: [],
    trips: () => Number.NaN,
    stop: async () => undefined,
  }),
});

const disk: Floor = {
  unit: 'a sync of 4 kB to the disk, of which a turn needs one on SQLite with `sync: always`,',
  measure: async (folder) => {
    const path = join(folder, 'floor');
    const file = openSync(path, 'w');
    const block = Buffer.alloc(4096, 'x');
    const floor = await medianOf(async () => {
      writeSync(file, block);
      fdatasyncSync(file);
    });
    closeSync(file);
    rmSync(path);
    return floor;
  },
};

const TRIES = 300;

/** Each some time after the one before, as between turns: who is idle has to wake up first. */
async function medianOf(act: () => Promise<unknown>): Promise<number> {
  const took: number[] = [];
  for (let at = 0; at < TRIES; at++) {
    const began = performance.now();
    await act();
    took.push(performance.now() - began);
    await delay(1);
  }
  return spread(took).median;
}

export const REDIS = 'Redis';
const STARTS_WITHIN_MS = 60_000;

/** Who has answered a ping. */
async function startRedis(
  folder: string,
): Promise<{ port: number; pid: number; stats(): string; stop(): Promise<void> }> {
  const port = await freePort();
  const cli = (...args: string[]): string =>
    execFileSync('redis-cli', ['-p', String(port), ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    }).toString();
  const kept = ['--dir', folder, '--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'];
  const started = startProcess({
    name: 'redis-server',
    core: LOAD_CORE,
    command: ['redis-server', '--port', String(port), '--bind', '127.0.0.1', ...kept],
    port,
  });
  for (const deadline = performance.now() + STARTS_WITHIN_MS; ; await delay(20)) {
    started.assertAlive();
    try {
      if (cli('ping').includes('PONG')) break;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
  }
  return {
    port,
    pid: started.pid,
    stats: () => cli('info', 'commandstats'),
    stop: () => started.stop(),
  };
}

const redis: StoreKind = {
  name: REDIS,
  what: 'appends to its log and syncs it every second',
  scheme: 'redis:',
  isDefault: true,
  missing: () => (isInstalled('redis-server') ? null : 'redis-server is not installed'),
  async start(folder) {
    const { port, pid, stats, stop } = await startRedis(folder);
    return {
      config: { url: `redis://127.0.0.1:${port}` },
      pids: [pid],
      trips: () =>
        [...stats().matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce((sum, [, n]) => sum + Number(n), 0),
      stop,
    };
  },
};

const roundTrip: Floor = {
  unit: 'the round trip of a script in Redis that does nothing, of which a turn needs two,',
  measure: async (folder) => {
    const { port, stop } = await startRedis(folder);
    const client = new Redis(port, '127.0.0.1');
    try {
      return await medianOf(() => client.eval('return 1', 0));
    } finally {
      client.disconnect();
      await stop();
    }
  },
};

export const STORES: readonly StoreKind[] = [
  sqlite('everysec', 'the default: a turn is on the disk within a second'),
  sqlite('always', 'a turn is on the disk before it is acknowledged'),
  redis,
];

/** Those of the stores that are here. */
export const floorsOf = (stores: readonly StoreKind[]): Floor[] =>
  stores.includes(redis) ? [disk, roundTrip] : [disk];
