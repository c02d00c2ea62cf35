import type { CancelSignal } from '../upstream/signal.ts';

/** Waits for some milliseconds, or until the signal says that nobody wants to know any more. */
export function pause(ms: number, signal: CancelSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.off('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.once('abort', done);
  });
}
