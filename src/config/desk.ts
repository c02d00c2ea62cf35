import type { Change } from './bound-secrets.ts';
import type { DiffLine } from './diff.ts';
import { type LoadedConfig, loadConfig, type PolicySchemas } from './load.ts';
import { maskText } from './mask.ts';
import { shownDiff } from './shown-diff.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** A text that may become the configuration. */
export interface Draft {
  /** Path of the file; `${file:…}` is relative to its folder. */
  file: string;
  text: string;
  env: Env;
  /** As `LoadOptions.change`. */
  change?: Change | undefined;
  /** As `LoadOptions.fingerprintKey`. */
  fingerprintKey?: Uint8Array;
}

/**
 * Where configurations are read while a gateway serves. A text of a thousand routes takes a quarter of a second of CPU
 * to read, and as much again to compare: who answers requests can't do that in between.
 */
export interface ConfigDesk {
  /** @throws ConfigError with every problem found */
  load(draft: Draft): Promise<LoadedConfig>;
  /** What differs between two texts, secrets masked. */
  diff(before: string, after: string): Promise<DiffLine[]>;
  /** A text without its secrets. */
  masked(text: string): Promise<string>;
  close(): Promise<void>;
}

/** Reads where it stands, at once: for small texts, and for who serves nobody. */
export const deskHere = (policies: PolicySchemas): ConfigDesk => ({
  load: async (draft) => loadConfig({ ...draft, policies }),
  diff: async (before, after) => shownDiff(before, after),
  masked: async (text) => maskText(text),
  close: async () => undefined,
});
