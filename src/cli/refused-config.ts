import { ConfigError, formatProblems } from '../config/problems.ts';

/** Says on standard error why nothing was started. @returns the exit code: 2 for a bad config, 1 for the rest */
export function refusedConfig(error: unknown): number {
  if (error instanceof ConfigError) {
    process.stderr.write(`${formatProblems(error)}\n`);
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
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
