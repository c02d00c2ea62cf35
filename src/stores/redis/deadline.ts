/**
 * Bytes a millisecond that a line to Redis carries at the least: 10 MB a second. 100 Mbit/s are 12; a data centre has a
 * hundred times as many. What is slower counts as away.
 */
const LEAST_BYTES_PER_MS = 10_000;

/** The most that bytes add to a deadline: what 100 MB take, in milliseconds. */
export const MOST_FOR_BYTES_MS = 10_000;

/** How much longer than others a call may take that has so many bytes to carry, in milliseconds. */
export const timeFor = (bytes: number): number => Math.min(MOST_FOR_BYTES_MS, bytes / LEAST_BYTES_PER_MS);

/**
 * `call`'s outcome, or an `Error` after `ms` milliseconds without one. Nobody knows beforehand how long an answer is: what
 * comes meanwhile (`received`, in bytes) puts the end off by its time.
 *
 * Not ioredis' `commandTimeout`: timers run before sockets are read, so that after 60 ms of blocked event loop every
 * answer that lay in the socket would count as missing, and the store as down. Here the loop reads once more first.
 */
export function withDeadline<T>(call: Promise<T>, ms: number, received: () => number = () => 0): Promise<T> {
  const before = received();
  const began = performance.now();
  return new Promise<T>((resolve, reject) => {
    let timer = setTimeout(expire, ms);
    let isOver = false;
    function expire(): void {
      setImmediate(() => {
        if (isOver) return;
        const allowed = ms + timeFor(Math.max(0, received() - before));
        const left = allowed - (performance.now() - began);
        if (left > 0) timer = setTimeout(expire, left);
        else reject(new Error(`no answer within ${Math.round(allowed)} ms`));
      });
    }
    const end = (): void => {
      isOver = true;
      clearTimeout(timer);
    };
    call.then(
      (result) => {
        end();
        resolve(result);
      },
      (error: unknown) => {
        end();
        reject(error);
      },
    );
  });
}
