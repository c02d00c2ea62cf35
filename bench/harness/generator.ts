import { autocannon } from './autocannon.ts';
import { isInstalled } from './pinning.ts';
import type { Case } from './suite.ts';
import { wrk } from './wrk.ts';

/** One run of a generator. */
export interface Load {
  origin: string;
  asked: Case;
  connections: number;
  seconds: number;
  /** For its files. */
  folder: string;
}

/** What came of it. */
export interface Generated {
  /** Answers that were complete. */
  requests: number;
  seconds: number;
  /** Received. */
  bytes: number;
  /** Milliseconds, closed loop: of the saturated subject, so mostly the queue of the connections. */
  p50: number;
  p99: number;
  /** What went wrong, counted by what: `status 401`, `connect`, `timeout`. Empty = nothing. */
  failures: Readonly<Record<string, number>>;
}

/** Sends one kind of request over and over on a number of kept-alive connections. */
export interface Generator {
  /** Name and version. */
  name: string;
  run(load: Load): Promise<Generated>;
}

/** wrk where it is installed; autocannon costs three times as much a request and is soon the bottleneck itself. */
export function findGenerator(): { generator: Generator; note: string | null } {
  if (isInstalled('wrk')) return { generator: wrk(), note: null };
  return {
    generator: autocannon(),
    note: 'generator: autocannon, since wrk is missing; it may be the bottleneck (Debian: apt-get install wrk)',
  };
}
