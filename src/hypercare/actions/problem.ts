import { PatchError } from '../../config/json-patch.ts';
import { ConfigError, formatProblems } from '../../config/problems.ts';
import { GatewayError } from '../../errors/gateway-error.ts';

/** It can't be done as it was offered: what runs is another by now, or nobody knows how far it came. */
export class UnfitError extends Error {
  override readonly name = 'UnfitError';
}

/** Whether it does not fit any more, and never will. All else (a process that died, a store that is away) may pass. */
export const isStale = (error: unknown): boolean =>
  error instanceof UnfitError ||
  error instanceof PatchError ||
  error instanceof ConfigError ||
  (error instanceof GatewayError && (error.code === 'config_invalid' || error.code === 'action_stale'));

/** Why something could not be done, for people: the first problem of a config, the place of a patch. */
export function problemOf(error: unknown): string {
  if (error instanceof PatchError) return `the config has changed: ${error.path}: ${error.message}`;
  if (error instanceof ConfigError)
    return formatProblems(error).split('\n')[0] ?? 'the config would not be valid';
  return error instanceof Error ? error.message : String(error);
}
