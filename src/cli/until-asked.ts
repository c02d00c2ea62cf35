import { constants } from 'node:os';
import { stopAsked } from './until-stopped.ts';

/**
 * Does work that the first signal which asks the process to end breaks off; see `stopAsked`.
 * @param work is told by an abort, whose reason is an Error, and resolves with its exit code
 * @returns that, or what a shell says of a process that such a signal has ended: 128 and its number
 */
export async function untilAsked(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const asking = new AbortController();
  let broken: number | undefined;
  void stopAsked().then((name) => {
    broken = 128 + constants.signals[name];
    asking.abort(new Error(`it was broken off by ${name}`));
  });
  const code = await work(asking.signal);
  return broken ?? code;
}
