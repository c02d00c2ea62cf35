/**
 * `call`'s outcome, or an `Error` after `ms` milliseconds without one.
 *
 * Not ioredis' `commandTimeout`: timers run before sockets are read, so that after 60 ms of blocked event loop every
 * answer that lay in the socket would count as missing, and the store as down. Here the loop reads once more first.
 */
export function withDeadline<T>(call: Promise<T>, ms: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      setImmediate(() => reject(new Error(`no answer within ${ms} ms`)));
    }, ms);
    call.then(
      (result) => {
        clearTimeout(timer);
        resolve(result);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
