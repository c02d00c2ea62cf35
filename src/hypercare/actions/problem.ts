import { PatchError } from '../../config/json-patch.ts';
import { ConfigError, formatProblems } from '../../config/problems.ts';

/** Why something could not be done, for people: the first problem of a config, the place of a patch. */
export function problemOf(error: unknown): string {
  if (error instanceof PatchError) return `the config has changed: ${error.path}: ${error.message}`;
  if (error instanceof ConfigError)
    return formatProblems(error).split('\n')[0] ?? 'the config would not be valid';
  return error instanceof Error ? error.message : String(error);
}
