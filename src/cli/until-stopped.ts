import type { Gateway } from '../gateway.ts';

/** Milliseconds. A terminal and systemd signal npm and node alike, and npm passes its own on: that is one wish, told twice. */
const SAME_WITHIN_MS = 1_000;

// Not SIGHUP: who is started by nohup is to go on.
const STOPS = ['SIGTERM', 'SIGINT'] as const;
type StopSignal = (typeof STOPS)[number];

/** What of the process hears signals, and ends. */
export interface Stoppable {
  on(signal: StopSignal, listener: () => void): unknown;
  exit(code: number): void;
  /** Milliseconds, monotonic. */
  now(): number;
}

const THIS_PROCESS: Stoppable = {
  on: (signal, listener) => process.on(signal, listener),
  exit: (code) => process.exit(code),
  now: () => performance.now(),
};

/**
 * Heeds the signals that ask the process to stop, from now on: call it before anything starts, so that one that comes
 * while the gateway starts is not lost, and does not end it without a drain. One that comes more than a second after the
 * first ends the process at once.
 * @returns the first
 */
export function stopAsked({ on, exit, now }: Stoppable = THIS_PROCESS): Promise<StopSignal> {
  return new Promise((resolve) => {
    let askedAt: number | undefined;
    for (const name of STOPS)
      on(name, () => {
        if (askedAt !== undefined && now() - askedAt > SAME_WITHIN_MS) exit(1);
        askedAt ??= now();
        resolve(name);
      });
  });
}

/**
 * Waits until a stop is asked for, then drains. A promise that nobody handled is a fault to be read in the log, and no
 * reason to stop serving.
 * @param asked see `stopAsked`
 * @returns the exit code
 */
export async function untilStopped(gateway: Gateway, asked: Promise<unknown>): Promise<number> {
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
