import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { AddressRules } from '../lib/address-rules.ts';
import type { TimeToLive } from './time-to-live.ts';

/** Every address of a name. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

/** Bounds of a TTL: one that is shorter would keep asking, one that is longer outlive every patience. */
const SHORTEST_MS = 1_000;
const LONGEST_MS = 3_600_000;

export interface AddressesOptions {
  hostname: string;
  /** Milliseconds between two questions where no TTL is known. */
  refreshMs: number;
  resolve: Resolve;
  rules: AddressRules;
  /** Asked beside it, off the way of a connection; absent: nobody knows. */
  timeToLive?: TimeToLive | undefined;
  /** The name has lost an address: what is connected to it is out of date. */
  onLoss(): void;
  /** The name could not be resolved again; the addresses that are known go on being used. Told once in a row. */
  onFailure(hostname: string, error: unknown): void;
}

/** The addresses of one name, asked for when the first connection wants one, and again when they may hold no longer. */
export class Addresses {
  readonly #options: AddressesOptions;
  #known: readonly LookupAddress[] = [];
  #asking: Promise<readonly LookupAddress[]> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #turn = 0;
  /** Milliseconds for which the name's addresses held, when that was last known. */
  #lastTtl = Number.POSITIVE_INFINITY;
  #hasFailed = false;
  #isClosed = false;

  constructor(options: AddressesOptions) {
    this.#options = options;
  }

  /** For `net.connect`. */
  readonly lookup: LookupFunction = (_hostname, options, callback) => {
    const answer = (known: readonly LookupAddress[]): void => {
      const inTurn = this.#inTurn(known);
      const [first] = inTurn as [LookupAddress];
      if (options.all) callback(null, inTurn);
      else callback(null, first.address, first.family);
    };
    if (this.#known.length > 0) {
      answer(this.#known);
      return;
    }
    this.#ask().then(answer, (error: NodeJS.ErrnoException) => callback(error, []));
  };

  /**
   * Begins with the next address each time, so that connections are spread over all of them. The system says which
   * family works better here (RFC 6724): the other one stays behind it.
   */
  #inTurn(known: readonly LookupAddress[]): LookupAddress[] {
    const preferred = known.filter(({ family }) => family === known[0]?.family);
    const turn = this.#turn++ % preferred.length;
    const others = known.filter(({ family }) => family !== known[0]?.family);
    return [...preferred.slice(turn), ...preferred.slice(0, turn), ...others];
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** One question at a time, however many connections wait for it. */
  #ask(): Promise<readonly LookupAddress[]> {
    this.#asking ??= this.#resolve().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #resolve(): Promise<readonly LookupAddress[]> {
    const { hostname, resolve, rules } = this.#options;
    const found = rules.admitted(hostname, await resolve(hostname));
    if (found.length === 0)
      throw Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' });
    const before = this.#known;
    this.#known = found;
    this.#hasFailed = false;
    this.#refreshLater();
    if (before.some(({ address }) => !found.some((each) => each.address === address))) this.#options.onLoss();
    return found;
  }

  #refreshLater(): void {
    if (this.#isClosed) return;
    const { timeToLive, hostname, refreshMs } = this.#options;
    // Where the DNS has just failed it tells no time either: a name that changes often may have changed meanwhile.
    this.#refreshIn(this.#hasFailed ? Math.min(refreshMs, this.#lastTtl) : refreshMs);
    timeToLive?.(hostname).then((ttl) => {
      if (ttl === undefined || this.#isClosed) return;
      this.#lastTtl = Math.min(Math.max(ttl, SHORTEST_MS), LONGEST_MS);
      this.#refreshIn(this.#lastTtl);
    });
  }

  #refreshIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#refresh(), ms);
    this.#timer.unref();
  }

  #refresh(): void {
    this.#ask().catch((error: unknown) => {
      if (!this.#hasFailed) this.#options.onFailure(this.#options.hostname, error);
      this.#hasFailed = true;
      this.#refreshLater();
    });
  }
}
