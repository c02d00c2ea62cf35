import type { Pool } from 'undici';
import type { PoolLease, Pools } from './pools.ts';
import { type Cursor, rotation } from './rotation.ts';

export interface TargetOptions {
  url: string;
  weight: number;
}

export interface UpstreamOptions {
  name: string;
  targets: readonly TargetOptions[];
  /** Which Host header the target sees. */
  host: 'client' | 'target';
  /** Milliseconds. */
  timeouts: { connect: number; response: number; idle: number };
}

/** One instance of an upstream. */
export interface Target {
  readonly url: string;
  /** host[:port], as in a Host header. */
  readonly host: string;
  /** The name for TLS, '' where there is none. */
  readonly servername: string;
  /** Path before every request's own, without a slash at its end; mostly ''. */
  readonly basePath: string;
  readonly pool: Pool;
}

/** A named set of targets and the way to choose among them. Made once a generation. */
export class Upstream {
  readonly name: string;
  readonly host: 'client' | 'target';
  readonly timeouts: UpstreamOptions['timeouts'];
  readonly targets: readonly Target[];
  readonly #order: readonly Target[];
  readonly #cursor: Cursor;
  readonly #leases: PoolLease[];

  constructor(options: UpstreamOptions, pools: Pools) {
    this.name = options.name;
    this.host = options.host;
    this.timeouts = options.timeouts;
    this.#leases = options.targets.map((target) =>
      pools.lease({ origin: new URL(target.url).origin, connectTimeoutMs: options.timeouts.connect }),
    );
    this.targets = options.targets.map((target, i) =>
      toTarget(target.url, (this.#leases[i] as PoolLease).pool),
    );
    this.#order = rotation(options.targets.map((target) => target.weight)).map(
      (i) => this.targets[i] as Target,
    );
    this.#cursor = pools.cursor(options.name);
  }

  /** The target whose turn it is. */
  pick(): Target {
    const order = this.#order;
    const at = this.#cursor.next % order.length;
    this.#cursor.next = at + 1;
    return order[at] as Target;
  }

  dispose(): void {
    for (const lease of this.#leases) lease.release();
  }
}

function toTarget(text: string, pool: Pool): Target {
  const url = new URL(text);
  return {
    url: text,
    host: url.host,
    servername: url.protocol === 'https:' ? url.hostname : '',
    basePath: url.pathname.replace(/\/$/, ''),
    pool,
  };
}
