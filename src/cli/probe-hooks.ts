import { type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { endGroup } from '../lib/process-group.ts';

interface HookLimits {
  /** Milliseconds that the command may take. */
  readonly timeoutMs: number;
  /** Ends it before that. */
  readonly signal: AbortSignal;
}

/**
 * Runs the command of a hook. It leads a process group of its own, in which all that it starts is ended with it; what a
 * terminal sends to this process (Ctrl-C) does not reach it by itself.
 * @throws Error if it fails, or has to be ended: once nothing of it is left
 */
export async function runHook(
  name: string,
  command: string,
  { timeoutMs, signal }: HookLimits,
): Promise<void> {
  signal.throwIfAborted();
  const stdio: StdioOptions = ['ignore', 'ignore', 'inherit'];
  const child = spawn(command, { shell: true, detached: true, stdio });
  const timeout = AbortSignal.timeout(timeoutMs);
  const ending = AbortSignal.any([timeout, signal]);
  const exit = once(child, 'exit', { signal: ending }).catch(async (cause: unknown) => {
    if (!ending.aborted || child.pid === undefined) throw cause;
    await endGroup(child.pid);
    const why = signal.aborted ? `: ${(signal.reason as Error).message}` : ` after ${timeoutMs / 1000} s`;
    throw new Error(`the command of the hook ${name} was ended${why}`, { cause });
  });
  const [code] = (await exit) as [number | null];
  if (code !== 0) throw new Error(`the command of the hook ${name} ended with ${code}`);
}
