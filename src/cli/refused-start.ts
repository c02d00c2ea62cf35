import { ConfigError, formatProblems } from '../config/problems.ts';
import { PolicyRefused } from '../server/policies.ts';

/** Says on standard error why nothing was started. @returns the exit code: 2 for a bad config, 1 for the rest */
export function refusedStart(error: unknown): number {
  if (error instanceof ConfigError) {
    process.stderr.write(`${formatProblems(error)}\n`);
    return 2;
  }
  if (error instanceof PolicyRefused) {
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  process.stderr.write(`${startFailure(error)}\n`);
  return 1;
}

function startFailure(error: unknown): string {
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (code === 'EADDRINUSE')
    return `${address}:${port} is taken: stop what listens there, or change the listen address.`;
  if (code === 'EACCES') return `${address}:${port}: not allowed to listen there.`;
  // A fault of ours needs its stack; everything else (a port, a store, a file) says it in its message.
  if (error instanceof TypeError || error instanceof ReferenceError) return error.stack ?? error.message;
  return error instanceof Error ? error.message : String(error);
}
