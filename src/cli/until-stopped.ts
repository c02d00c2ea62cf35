import type { Gateway } from '../gateway.ts';

/**
 * Heeds the signals that ask the process to stop, from now on: call it before anything starts, so that one that comes
 * while the gateway starts is not lost, and does not end it without a drain. A second one ends the process at once.
 * @returns settles with the first
 */
export function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    let isAsked = false;
    const ask = (): void => {
      if (isAsked) process.exit(1);
      isAsked = true;
      resolve();
    };
    process.on('SIGTERM', ask);
    process.on('SIGINT', ask);
  });
}

/**
 * Waits until a stop is asked for, then drains. A promise that nobody handled is a fault to be read in the log, and no
 * reason to stop serving.
 * @param asked see `stopAsked`
 * @returns the exit code
 */
export async function untilStopped(gateway: Gateway, asked: Promise<void>): Promise<number> {
  process.on('unhandledRejection', (reason) => {
    process.stderr.write(`unhandled rejection: ${reason instanceof Error ? reason.stack : String(reason)}\n`);
  });
  const fault = new Promise<number>((resolve) => {
    process.on('uncaughtException', (error) => {
      // What was being done when it came is unknown: finish what runs, and let a supervisor start anew.
      process.stderr.write(`uncaught exception: ${error.stack ?? error.message}\n`);
      resolve(1);
    });
  });
  const exitCode = await Promise.race([fault, asked.then(() => 0)]);
  await gateway.close();
  return exitCode;
}
