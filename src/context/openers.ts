import { LRUCache } from 'lru-cache';

/** Conversations whose beginnings are remembered. */
const MOST = 10_000;

/**
 * How conversations began, in this process and lately: a client that begins each turn anew under another id, or leaves the
 * id away, is known by it.
 */
export class Openers {
  readonly #sessions = new LRUCache<string, string>({ max: MOST });

  /** Remembers a session by the digest of its first message. */
  note(opener: string, session: string): void {
    this.#sessions.set(opener, session);
  }

  /** Another session that began like this. */
  other(opener: string, session: string): boolean {
    const known = this.#sessions.get(opener);
    return known !== undefined && known !== session;
  }
}
