import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { machineBusyMicroseconds, ownMicroseconds } from './cpu.ts';

/** Where a figure was taken. Figures of different machines are not to be compared. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryGigabytes: number;
  kernel: string;
}

export function machine(): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
  };
}

/** What a figure depends on: the product, its dependencies, and how it is measured. */
const MEASURED = ['src', 'plugins', 'package.json', 'package-lock.json', 'bench', ':(exclude)bench/results'];

/**
 * Short hash; `+ changes` if what is measured is not what is committed, `unknown` outside a repository.
 * @param root of the repository
 */
export function commit(root = join(import.meta.dirname, '../..')): string {
  const git = (...args: string[]): string | null => {
    const { status, stdout } = spawnSync('git', args, { encoding: 'utf8', cwd: root });
    return status === 0 ? stdout.trim() : null;
  };
  const hash = git('rev-parse', '--short', 'HEAD');
  if (hash === null) return 'unknown';
  const changed = git('status', '--porcelain', '--', ...MEASURED);
  return changed === '' ? hash : `${hash} + changes`;
}

/** Load average over the last minute: whether the machine had other things to do. */
export function loadAverage(): number {
  try {
    return Number(readFileSync('/proc/loadavg', 'utf8').split(' ', 1)[0]);
  } catch {
    return Number.NaN;
  }
}

/**
 * Starts to watch what else the machine does.
 * @returns what tells its share of the machine until now: 0 to 1, or a little below 0 where the two accounts that it is the
 * difference of, the machine's and that of the bench, differ by more than it
 */
export function watchOtherWork(): () => number {
  const began = performance.now();
  const before = machineBusyMicroseconds() - ownMicroseconds();
  return () => {
    const other = machineBusyMicroseconds() - ownMicroseconds() - before;
    return other / 1000 / (performance.now() - began) / cpus().length;
  };
}
