import { constants } from 'node:os';

// Not SIGHUP: who is started by nohup is to go on.
const ASKING = ['SIGINT', 'SIGTERM'] as const;

/**
 * Does work that the first signal which asks the process to end breaks off. A second one of the kind ends the process at once.
 * @param work is told by an abort, whose reason is an Error, and resolves with its exit code
 * @returns that, or what a shell says of a process that such a signal has ended: 128 and its number
 */
export async function untilAsked(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const asking = new AbortController();
  let asked: NodeJS.Signals | undefined;
  const ask = (name: NodeJS.Signals): void => {
    asked ??= name;
    asking.abort(new Error(`it was broken off by ${name}`));
  };
  for (const name of ASKING) process.once(name, ask);
  try {
    const code = await work(asking.signal);
    return asked === undefined ? code : 128 + constants.signals[asked];
  } finally {
    for (const name of ASKING) process.off(name, ask);
  }
}
