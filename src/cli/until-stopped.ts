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
  let fatal: (() => void) | undefined;
  process.on('uncaughtException', (error) => {
    // What was being done when it came is unknown: finish what runs, and let a supervisor start anew.
    process.stderr.write(`uncaught exception: ${error.stack ?? error.message}\n`);
    fatal?.();
  });
  return new Promise((resolve, reject) => {
    let isStopping = false;
    const stop = (exitCode: number): void => {
      if (isStopping) process.exit(1);
      isStopping = true;
      gateway
        .close()
        .then(after)
        .then(() => resolve(exitCode), reject);
    };
    fatal = () => isStopping || stop(1);
    process.on('SIGTERM', () => stop(0));
    process.on('SIGINT', () => stop(0));
  });
}
