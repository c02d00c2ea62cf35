import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Message } from '../contracts/model-request.ts';
import { digestOf } from './canonical.ts';

/** Conversations whose beginnings are remembered. */
const MOST = 10_000;

/**
 * How conversations began, in this process and lately: a client that begins each turn anew under another id, or leaves the
 * id away, is known by it.
 */
export class Openers {
  readonly #sessions = new LRUCache<string, string>({ max: MOST });

  /** Nobody outside this process has to know what it comes to. */
  readonly #secret = randomBytes(16).toString('hex');

  /** Of a conversation's first message by its user; undefined: there is none. */
  digest(tenant: string, user: string, messages: readonly Message[]): string | undefined {
    const first = messages.find(({ role }) => role === 'user');
    return first && digestOf(JSON.stringify([this.#secret, tenant, user]), first);
  }

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
