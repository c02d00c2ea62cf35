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
  readonly url: string;
  /** Scripts that it has run so far: one a round trip of a conversation. */
  scripts(): number;
  /** Milliseconds at the median that the machine itself takes for what no turn can do without; see `unit`. */
  floor(): Promise<number>;
  stop(): Promise<void>;
}

export interface StoreKind {
  readonly name: string;
  /** What its floor is that of. */
  readonly unit: string;
  missing(): string | null;
  start(folder: string): Promise<RunningStore>;
}

const sqlite: StoreKind = {
  name: 'SQLite',
  unit: 'a sync of 4 kB to the disk, of which a turn needs one',
  missing: () => null,
  start: async (folder) => ({
    url: `sqlite:${join(folder, 'store.db')}`,
    scripts: () => Number.NaN,
    floor: async () => {
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
    stop: async () => undefined,
  }),
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

const STARTS_WITHIN_MS = 10_000;

const redis: StoreKind = {
  name: 'Redis',
  unit: 'the round trip of a script that does nothing, of which a turn needs two',
  missing: () => (isInstalled('redis-server') ? null : 'redis-server is not installed'),
  async start(folder) {
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
      url: `redis://127.0.0.1:${port}`,
      scripts: () => {
        const told = cli('info', 'commandstats');
        return [...told.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce(
          (sum, [, n]) => sum + Number(n),
          0,
        );
      },
      floor: async () => {
        const client = new Redis(port, '127.0.0.1');
        const floor = await medianOf(() => client.eval('return 1', 0));
        client.disconnect();
        return floor;
      },
      stop: () => started.stop(),
    };
  },
};

export const STORES: readonly StoreKind[] = [sqlite, redis];
