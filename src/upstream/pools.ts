import { isIP } from 'node:net';
import { type Client, type Dispatcher, Pool } from 'undici';
import type { AddressRules } from '../lib/address-rules.ts';
import { Leases } from '../lib/leases.ts';
import { Addresses, type Resolve } from './addresses.ts';
import { connector } from './connector.ts';
import { Http2Pool } from './http2-pool.ts';
import { systemResolve } from './system-names.ts';
import { type TargetTls, tlsConnectOptions, tlsIdentity } from './target-tls.ts';
import { systemTimeToLive } from './time-to-live.ts';
import { continuedClient } from './unasked-continue.ts';

export interface PoolOptions {
  /** `http://host:port` */
  origin: string;
  /** Milliseconds to open a connection. */
  connectTimeoutMs: number;
  /** Milliseconds after which a name is resolved again. */
  dnsRefreshMs: number;
  /** HTTP/1.1 if absent. */
  protocol?: 'http1' | 'http2' | undefined;
  tls?: TargetTls | undefined;
}

/** Equal for connections that serve both. */
export const connectionsIdentity = (options: PoolOptions): string => {
  const { origin, connectTimeoutMs, dnsRefreshMs, protocol = 'http1', tls } = options;
  return `${origin} ${connectTimeoutMs} ${dnsRefreshMs} ${protocol} ${tlsIdentity(tls)}`;
};

/** A pool for as long as a generation needs it. */
export interface PoolLease {
  /** The pool of now: another takes its place when the name behind it has lost an address. */
  readonly pool: Dispatcher;
  readonly isHttp2: boolean;
  release(): void;
}

export interface PoolsPorts {
  /** Finds the addresses of names; the system's way if absent. */
  resolve?: Resolve | undefined;
  /** Which addresses of names are connected to. */
  rules: AddressRules;
  onResolveFailure(hostname: string, error: unknown): void;
}

interface Held {
  pool: Dispatcher;
  addresses: Addresses | undefined;
}

/**
 * The connections of the process. They outlive generations: a reload that keeps a target keeps its warm connections.
 * A pool has no limit of its own, so that long streams never starve short requests of connections; it is closed, once
 * what runs on it has ended, when the last generation that named it is gone.
 */
export class Pools {
  readonly #ports: PoolsPorts;
  readonly #held = new Leases<Held>((held) => {
    held.addresses?.close();
    this.#retire(held.pool);
  });
  /** Those on which something runs to its end. */
  readonly #retiring = new Set<Dispatcher>();

  constructor(ports: PoolsPorts) {
    this.#ports = ports;
  }

  lease(options: PoolOptions): PoolLease {
    const lease = this.#held.lease(connectionsIdentity(options), () => this.#hold(options));
    return {
      get pool() {
        return lease.value.pool;
      },
      isHttp2: options.protocol === 'http2',
      release: () => lease.release(),
    };
  }

  get size(): number {
    return this.#held.size;
  }

  /** Cuts everything: the process ends. */
  async destroy(): Promise<void> {
    const held = this.#held.drop();
    for (const { addresses } of held) addresses?.close();
    const all = [...this.#retiring, ...held.map(({ pool }) => pool)];
    await Promise.all(all.map((pool) => pool.destroy()));
  }

  #hold(options: PoolOptions): Held {
    // URL keeps the brackets of an IPv6 address.
    const hostname = new URL(options.origin).hostname.replace(/^\[|\]$/g, '');
    if (isIP(hostname)) return { pool: open(options, undefined), addresses: undefined };
    const addresses = new Addresses({
      hostname,
      refreshMs: options.dnsRefreshMs,
      resolve: this.#ports.resolve ?? systemResolve,
      rules: this.#ports.rules,
      timeToLive: this.#ports.resolve ? undefined : systemTimeToLive,
      onFailure: this.#ports.onResolveFailure,
      onLoss: () => {
        this.#retire(held.pool);
        held.pool = open(options, addresses);
      },
    });
    const held: Held = { pool: open(options, addresses), addresses };
    return held;
  }

  /** Lets what runs on it end. */
  #retire(pool: Dispatcher): void {
    this.#retiring.add(pool);
    // It can't fail but by being closed twice, which nobody does.
    void pool.close().then(() => this.#retiring.delete(pool));
  }
}

function open(options: PoolOptions, addresses: Addresses | undefined): Dispatcher {
  const { origin, connectTimeoutMs, tls } = options;
  const lookup = addresses?.lookup;
  if (options.protocol === 'http2') return new Http2Pool({ origin, connectTimeoutMs, tls, lookup });
  const connect = connector(connectTimeoutMs, lookup, tlsConnectOptions(tls));
  return new Pool(origin, {
    factory: (to, settings: Client.Options) => continuedClient(to, { ...settings, connect }),
    // No pipelining: a slow answer would hold up the one behind it.
    pipelining: 1,
    // Below the 5 s at which Node's and many other servers close an idle connection under a request's feet.
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 600_000,
    // An answer's length is checked, so that half an answer is never taken for a whole one.
    strictContentLength: true,
    maxHeaderSize: 64 * 1024,
  });
}
