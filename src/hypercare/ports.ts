import type { GatewayConfig } from '../config/schema/index.ts';
import type { PurgeSelection } from '../contracts/cache.ts';

/** The configuration that serves, and the way to change it: with a condition, tried out, and kept as a revision. */
export interface ConfigPort {
  readonly config: GatewayConfig;
  /** As written, its `${…}` unresolved. Holds secrets: not for showing. */
  readonly text: string;
  readonly revision: number;
  readonly etag: string;
  /** Of a revision of the past; undefined: there is none. @throws StoreUnavailable */
  textOf(revision: number): Promise<string | undefined>;
  /** @throws PatchError, ConfigError or GatewayError: it was refused, and says why */
  revise(change: {
    author: string;
    note: string;
    matches(etag: string): boolean;
    text(current: string): string;
    /** As `Proposal.written` of the served file. */
    written: string | null;
    dryRun: boolean;
  }): Promise<{ number: number; etag: string; isNew: boolean }>;
}

/** What of the running gateway can be changed without its config. */
export interface LivePort {
  /** Targets of an upstream with their state; undefined: there is no such upstream. */
  targets(upstream: string): readonly { url: string; weight: number; state: string }[] | undefined;
  /** False: there is no such target. */
  setTarget(upstream: string, url: string, to: 'draining' | 'enabled', by: string, reason: string): boolean;
  /** False: there is no such upstream. */
  setBreaker(upstream: string, to: 'open' | 'auto', by: string, reason: string): boolean;
  /** @returns how many answers were forgotten */
  purge(selection: PurgeSelection): Promise<number>;
}
