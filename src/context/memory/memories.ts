import { LRUCache } from 'lru-cache';
import type { SessionRef } from '../../contracts/session.ts';
import type { SpokenTurn } from '../turn.ts';
import { ConversationMemory } from './conversation-memory.ts';

/** Bytes of all memories together; the longest unused go first. */
const MOST_BYTES = 64 * 1024 * 1024;
/** What nobody asked for so long is forgotten: it is what people said, in the clear. */
const UNUSED_MS = 10 * 60 * 1000;

/** The memories of the conversations that this process has to do with. Lost, they are made again from the turns. */
export class Memories {
  readonly #kept = new LRUCache<string, ConversationMemory>({
    maxSize: MOST_BYTES,
    sizeCalculation: ({ size }) => size,
    ttl: UNUSED_MS,
    updateAgeOnGet: true,
    ttlAutopurge: false,
  });

  /** The memory of a path, with all of these turns in it. */
  of(ref: SessionRef, turns: readonly SpokenTurn[]): ConversationMemory {
    const key = keyOf(ref);
    const known = this.#kept.get(key);
    const before = known?.turns;
    if (known?.follow(turns)) {
      // Its size has changed.
      if (known.turns !== before) this.#kept.set(key, known);
      return known;
    }
    const fresh = new ConversationMemory();
    fresh.follow(turns);
    this.#kept.set(key, fresh);
    return fresh;
  }

  forget(ref: SessionRef): void {
    this.#kept.delete(keyOf(ref));
  }

  /** Forgets what has not been used for long. */
  purge(): void {
    this.#kept.purgeStale();
  }
}

const keyOf = ({ tenant, session }: SessionRef): string => JSON.stringify([tenant, session]);
