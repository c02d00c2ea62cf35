import { readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { patientNiceness } from '../lib/niceness.ts';

/** Milliseconds: until then they mostly compile, and an answer waits for that too. */
const WARM_AFTER_MS = 20_000;
/** Where Linux lists the threads of this process. */
const THREADS = '/proc/self/task';

/**
 * Lets the thread that serves go before V8's own, which mark garbage and compile beside it. They start as its equals: where
 * all of them have one core, four that mark leave it a fifth, and requests at 1,000 a second waited for a quarter of a second
 * at each full collection (bench/results/reload.md). Now all four together get less than a third of a core that is contested.
 * Linux only: elsewhere a thread has no niceness of its own, and nothing happens.
 * @param afterMs milliseconds from now
 */
export function calmHelperThreads(afterMs = WARM_AFTER_MS): void {
  if (process.platform !== 'linux') return;
  setTimeout(() => {
    try {
      for (const thread of helperThreads()) setPriority(thread, patientNiceness());
    } catch (error) {
      // A sandbox may forbid it. It serves as well, only less evenly.
      process.emitWarning(`V8's helper threads keep their priority: ${(error as Error).message}`);
    }
  }, afterMs).unref();
}

/** The ids of V8's threads in this process: those that it starts with, and that last as long as it. */
export function helperThreads(): number[] {
  return readdirSync(THREADS)
    .filter((id) => nameOf(id).startsWith('V8Worker'))
    .map(Number);
}

function nameOf(thread: string): string {
  try {
    return readFileSync(`${THREADS}/${thread}/comm`, 'utf8');
  } catch {
    // Another kind of thread, which has ended since the list was made.
    return '';
  }
}
