import { errors, type JWTVerifyGetKey } from 'jose';
import { readKeySet } from './key-set.ts';
import type { KeySource } from './key-source.ts';

export interface RemoteKeysOptions {
  readonly source: KeySource;
  /** Milliseconds, all of them. */
  readonly timeout: number;
  readonly refresh: number;
  readonly cooldown: number;
}

/** There is no key that may still be believed, or not the one that is wanted, and the issuer does not answer. */
export class NoKeys extends Error {
  override readonly name = 'NoKeys';
}

interface Fetched {
  readonly text: string;
  readonly keys: JWTVerifyGetKey;
  /** performance.now(), milliseconds. */
  readonly at: number;
}

/** Milliseconds until the first try after a failure; doubled with each, up to the cooldown. */
const FIRST_RETRY = 500;
/** Milliseconds between two tries, at most, as long as there have never been keys. */
const LONGEST_WITHOUT = 5_000;
/** What is longer a timer takes for 1 ms. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * The keys that an issuer publishes: fetched behind the requests before they are old, and once more when a token names
 * one that is not there. While the issuer does not answer, the last good ones stay.
 */
export class RemoteKeys {
  readonly #options: RemoteKeysOptions;
  readonly #stop = new AbortController();
  #fetched: Fetched | undefined;
  #fault: Error | undefined;
  #failures = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #pending: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Grows with each change of the keys: what was verified with older ones is to be verified again. */
  version = 0;

  /** @param known keys of the same address that somebody has fetched before */
  constructor(options: RemoteKeysOptions, known?: RemoteKeys) {
    this.#options = options;
    if (known !== undefined) this.#fetched = known.#fetched;
    this.#pending = this.#fetch();
  }

  /** Why the issuer's keys could not be had the last time; undefined if they could. */
  get fault(): Error | undefined {
    return this.#fault;
  }

  /** @param maxStale milliseconds since they were fetched */
  isUsable(maxStale: number): boolean {
    return this.#usable(maxStale) !== undefined;
  }

  #usable(maxStale: number): JWTVerifyGetKey | undefined {
    const fetched = this.#fetched;
    return fetched !== undefined && performance.now() - fetched.at <= maxStale ? fetched.keys : undefined;
  }

  /**
   * The key for a token's header.
   * @throws NoKeys if there are none, or none for this header while the issuer does not answer; JOSEError if it has none
   */
  async keyFor(
    maxStale: number,
    ...[header, jws]: Parameters<JWTVerifyGetKey>
  ): Promise<Awaited<ReturnType<JWTVerifyGetKey>>> {
    const keys = this.#usable(maxStale);
    if (keys !== undefined) {
      try {
        return await keys(header, jws);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      }
    }
    await this.ask(maxStale);
    const newer = this.#usable(maxStale);
    if (newer === undefined)
      throw new NoKeys('there are no keys to verify tokens with', { cause: this.#fault });
    try {
      return await newer(header, jws);
    } catch (error) {
      if (this.#fault === undefined || !(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // It may have been published since: nobody can say that the token is wrong.
      throw new NoKeys('the token’s key is not known, and the issuer can’t be asked for it', {
        cause: this.#fault,
      });
    }
  }

  /** Asks the issuer now, with others who wait for the same; not at all if it was asked a moment ago. */
  async ask(maxStale: number): Promise<void> {
    // Without keys nobody is let in: who is sent away may be the one that it works for a moment later.
    const least = this.isUsable(maxStale)
      ? this.#options.cooldown
      : Math.min(this.#options.cooldown, FIRST_RETRY);
    if (this.#pending === undefined && performance.now() - this.#askedAt >= least) {
      this.#pending = this.#fetch();
    }
    await this.#pending;
  }

  /** Never rejects: whether it came to something is seen by the keys. */
  async #fetch(): Promise<void> {
    const { source, timeout, refresh, cooldown } = this.#options;
    clearTimeout(this.#timer);
    this.#askedAt = performance.now();
    try {
      const text = await source.fetch(Math.min(Math.ceil(timeout), LONGEST_TIMER), this.#stop.signal);
      // Keys that are the same keep what was made of them.
      const isSame = text === this.#fetched?.text;
      const keys = isSame && this.#fetched ? this.#fetched.keys : readKeySet(text);
      this.#fetched = { text, keys, at: performance.now() };
      if (!isSame) this.version++;
      this.#failures = 0;
      this.#fault = undefined;
    } catch (error) {
      this.#fault = error instanceof Error ? error : new Error(String(error));
      this.#failures++;
    }
    this.#pending = undefined;
    if (this.#stop.signal.aborted) return;
    const failed = FIRST_RETRY * 2 ** Math.min(this.#failures - 1, 20);
    const most = this.#fetched === undefined ? Math.min(cooldown, LONGEST_WITHOUT) : cooldown;
    const wait = this.#failures === 0 ? refresh : Math.min(failed, most, refresh);
    this.#timer = setTimeout(
      () => {
        this.#pending = this.#fetch();
      },
      Math.min(Math.max(wait, FIRST_RETRY), LONGEST_TIMER),
    );
    // Waiting for keys keeps no process alive.
    this.#timer.unref();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#stop.abort(new Error('nobody needs these keys any more'));
  }
}
