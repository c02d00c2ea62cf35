import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
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

function git(...args: string[]): string {
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8', cwd: import.meta.dirname });
  return status === 0 ? stdout.trim() : '';
}

/** Short hash; `+ changes` if what is measured is not what is committed. */
export function commit(): string {
  const hash = git('rev-parse', '--short', 'HEAD');
  if (hash === '') return 'unknown';
  const changed = git('status', '--porcelain', '--', ':/src', ':/plugins', ':/bench/load', ':/bench/harness');
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

/** Starts to watch what else the machine does. @returns what tells its share of the machine until now: 0 to 1 */
export function watchOtherWork(): () => number {
  const began = performance.now();
  const before = machineBusyMicroseconds() - ownMicroseconds();
  return () => {
    const other = machineBusyMicroseconds() - ownMicroseconds() - before;
    return Math.max(0, other / 1000 / (performance.now() - began) / cpus().length);
  };
}
