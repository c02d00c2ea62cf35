// The other side of config-desk: a thread that reads configurations beside the one that serves.
import { type Draft, deskHere } from '../config/desk.ts';
import type { DiffLine } from '../config/diff.ts';
import type { LoadedConfig } from '../config/load.ts';
import { ConfigError, type ConfigProblem } from '../config/problems.ts';
import type { GatewayConfig } from '../config/schema/index.ts';
import { type Packed, pack } from '../lib/packed.ts';
import { loadPolicies, schemasOf } from './policies.ts';

/** An error's class does not survive the way between threads. */
export type Read =
  | { loaded: Omit<LoadedConfig, 'config'>; config: Packed<GatewayConfig> }
  | { problems: readonly ConfigProblem[]; files: readonly string[] };

const desk = deskHere(schemasOf(await loadPolicies()));

export async function load(draft: Draft): Promise<Read> {
  try {
    const { config, ...loaded } = await desk.load(draft);
    return { loaded, config: pack(config) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { problems: error.problems, files: error.files };
  }
}

export const diff = ([before, after]: [string, string]): Promise<DiffLine[]> => desk.diff(before, after);

export const masked = (text: string): Promise<string> => desk.masked(text);
