import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { LOAD_CORE, onCore, ownCores, pinningObstacle } from '../../../bench/harness/pinning.ts';

/** Where the threads of this process may run. */
const coresOfThreads = (): Set<string | undefined> =>
  new Set(
    execFileSync('taskset', ['--all-tasks', '--pid', '--cpu-list', String(process.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((line) => line.split(': ').at(-1)),
  );

test.skipIf(pinningObstacle() !== null)(
  'the bench itself is on one core with all its threads while it asks, and afterwards where it was',
  async () => {
    const before = [ownCores(), ...coresOfThreads()];
    expect(await onCore(LOAD_CORE, async () => [ownCores(), ...coresOfThreads()])).toEqual(['1', '1']);
    expect([ownCores(), ...coresOfThreads()]).toEqual(before);
    const failed = onCore(LOAD_CORE, () => Promise.reject(new Error('no answer')));
    await expect(failed).rejects.toThrow('no answer');
    expect([ownCores(), ...coresOfThreads()]).toEqual(before);
  },
);
