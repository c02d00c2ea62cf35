// npm run bench:smoke: every suite for some seconds, so that the benches can't rot. It fails on errors, never on a time.
import { leaveUnpinned } from './harness/pinning.ts';
import type { Suite } from './harness/suite.ts';
import { peers } from './load/ai.ts';
import { leftOutOfSmoke } from './load/left-out.ts';
import { SUITES } from './suites.ts';

const isLeftOut = leftOutOfSmoke(peers());

/** Half the time of a suite is waiting. */
const AT_ONCE = 2;

async function works(name: string, suite: Suite): Promise<boolean> {
  const began = performance.now();
  const progress: string[] = [];
  try {
    const leftOut = new Set<string>();
    const { missing } = await suite.run({
      effort: { rounds: 1, seconds: 1, warmUpSeconds: 0, isSmoke: true },
      say: (line) => progress.push(line),
      wants: (subject) => {
        if (!isLeftOut(subject)) return true;
        leftOut.add(subject);
        return false;
      },
    });
    const listed = (what: string, subjects: readonly string[]): string =>
      subjects.length > 0 ? `; ${what}: ${subjects.join(', ')}` : '';
    const without = `${listed('left out', [...leftOut])}${listed(
      'not here',
      missing.map(({ subject }) => subject),
    )}`;
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    process.stdout.write(`bench ${name}: works, ${seconds} s${without}\n`);
    return true;
  } catch (error) {
    const said = progress.map((line) => `  ${line}\n`).join('');
    process.stderr.write(`bench ${name}: ${error instanceof Error ? error.stack : String(error)}\n${said}`);
    process.exitCode = 1;
    return false;
  }
}

leaveUnpinned();
const waiting = Object.entries(SUITES);
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [name, suite] = next;
      if (!(await works(name, suite()))) waiting.length = 0;
    }
  }),
);
