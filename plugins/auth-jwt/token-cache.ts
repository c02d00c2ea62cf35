import type { Identity } from './identity.ts';

interface Entry {
  readonly identity: Identity;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/**
 * Tokens that were verified, by their digest. Two generations of at most `cap` each: what is asked for moves to the
 * young one, and when that is full the old one is forgotten. So the hot tokens stay, at the cost of a Map.
 */
export class TokenCache {
  readonly #cap: number;
  #version = 0;
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();

  constructor(cap: number) {
    this.#cap = cap;
  }

  /** @param version of the keys; with another one everything is forgotten, for a key that is gone vouches for nobody */
  get(digest: string, now: number, version: number): Identity | undefined {
    if (version !== this.#version) this.#forget(version);
    let entry = this.#young.get(digest);
    if (entry === undefined) {
      entry = this.#old.get(digest);
      if (entry === undefined) return undefined;
      this.#put(digest, entry);
    }
    return entry.until > now ? entry.identity : undefined;
  }

  /** @param version of the keys when the verification began */
  set(digest: string, identity: Identity, until: number, version: number): void {
    if (version === this.#version) this.#put(digest, { identity, until });
  }

  #put(digest: string, entry: Entry): void {
    if (this.#young.size >= this.#cap) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(digest, entry);
  }

  #forget(version: number): void {
    this.#version = version;
    this.#young = new Map();
    this.#old = new Map();
  }
}
