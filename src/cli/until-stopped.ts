import type { Gateway } from '../gateway.ts';

/**
 * Waits for a signal, then drains. A second signal ends the process at once. A promise that nobody handled is a fault
 * to be read in the log, and no reason to stop serving.
 * @returns the exit code
 */
export function untilStopped(
  gateway: Gateway,
  after: () => Promise<void> = async () => undefined,
): Promise<number> {
  process.on('unhandledRejection', (reason) => {
    process.stderr.write(`unhandled rejection: ${reason instanceof Error ? reason.stack : String(reason)}\n`);
  });
  return new Promise((resolve, reject) => {
    let stopping = false;
    const stop = (): void => {
      if (stopping) process.exit(1);
      stopping = true;
      gateway
        .close()
        .then(after)
        .then(() => resolve(0), reject);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}
