import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const HELPERS = new URL('../../../src/server/helper-threads.ts', import.meta.url).href;

/** In a process of its own: niceness stays. */
const PROGRAM = `
  import { getPriority } from 'node:os';
  import { setTimeout as sleep } from 'node:timers/promises';
  import { calmHelperThreads, helperThreads } from ${JSON.stringify(HELPERS)};
  const own = getPriority(process.pid);
  calmHelperThreads(0);
  const seen = () => helperThreads().map((thread) => getPriority(thread));
  for (let i = 0; i < 500 && seen().some((nice) => nice === own); i++) await sleep(20);
  console.log(JSON.stringify({ helpers: seen(), serving: getPriority(process.pid), own }));
`;

describe.runIf(process.platform === 'linux')('Threads that collect and compile', () => {
  test('go after the one that serves', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', PROGRAM]);
    const { helpers, serving, own } = JSON.parse(stdout) as Record<'serving' | 'own', number> & {
      helpers: number[];
    };
    expect(helpers.length).toBeGreaterThan(0);
    expect(new Set(helpers)).toEqual(new Set([Math.min(19, own + 10)]));
    expect(serving).toBe(own);
  });
});
