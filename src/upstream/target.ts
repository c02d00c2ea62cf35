import type { Dispatcher } from 'undici';
import type { Weighted } from './availability.ts';
import type { PoolLease } from './pools.ts';
import type { Outcome, TargetState } from './target-state.ts';

export interface TargetOptions {
  /** Origin of the instance, perhaps with a base path. */
  url: string;
  weight: number;
  labels?: Readonly<Record<string, string>>;
  /** The name that it must prove over TLS; that of its URL if absent. */
  serverName?: string | undefined;
}

/** One instance of an upstream, as a generation knows it. What the process knows of it is its state. */
export class Target implements Weighted {
  readonly url: string;
  readonly weight: number;
  readonly labels: Readonly<Record<string, string>>;
  /** host[:port], as in a Host header. */
  readonly host: string;
  /** The name for TLS, '' where there is none. */
  readonly servername: string;
  /** Path before every request's own, without a slash at its end; mostly ''. */
  readonly basePath: string;
  readonly state: TargetState;
  readonly #connections: PoolLease;
  readonly #onFailure: (state: TargetState) => void;

  /** @param onFailure told after each failure, which the state has taken in already */
  constructor(
    options: TargetOptions,
    state: TargetState,
    connections: PoolLease,
    onFailure: (state: TargetState) => void,
  ) {
    const url = new URL(options.url);
    this.url = options.url;
    this.weight = options.weight;
    this.labels = options.labels ?? {};
    this.host = url.host;
    this.servername = url.protocol === 'https:' ? (options.serverName ?? url.hostname) : '';
    this.basePath = url.pathname.replace(/\/$/, '');
    this.state = state;
    this.#connections = connections;
    this.#onFailure = onFailure;
  }

  /** Not to be kept: another takes its place when the name behind it has lost an address. */
  get pool(): Dispatcher {
    return this.#connections.pool;
  }

  get isHttp2(): boolean {
    return this.#connections.isHttp2;
  }

  get load(): TargetState {
    return this.state;
  }

  /** Before each attempt. */
  begin(): void {
    this.state.begin();
  }

  /**
   * Once after each attempt: when its answer has ended, or when it has failed.
   * @param outcome absent where the attempt says nothing of the target
   */
  end(outcome?: Outcome): void {
    this.state.end(outcome);
    if (outcome?.ok === false) this.#onFailure(this.state);
  }
}
