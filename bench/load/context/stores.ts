import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isInstalled, LOAD_CORE } from '../../harness/pinning.ts';
import { freePort, startProcess } from '../../harness/processes.ts';

/** A store that runs. */
export interface RunningStore {
  readonly url: string;
  /** Scripts that it has run so far: one a round trip of a conversation. */
  scripts(): number;
  stop(): Promise<void>;
}

export interface StoreKind {
  readonly name: string;
  missing(): string | null;
  start(folder: string): Promise<RunningStore>;
}

const sqlite: StoreKind = {
  name: 'SQLite',
  missing: () => null,
  start: async (folder) => ({
    url: `sqlite:${join(folder, 'store.db')}`,
    scripts: () => Number.NaN,
    stop: async () => undefined,
  }),
};

const STARTS_WITHIN_MS = 10_000;

const redis: StoreKind = {
  name: 'Redis',
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
      stop: () => started.stop(),
    };
  },
};

export const STORES: readonly StoreKind[] = [sqlite, redis];
