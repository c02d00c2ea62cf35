import { LRUCache } from 'lru-cache';
import type { SessionHead, SessionRef } from '../../contracts/session.ts';
import type { SpokenTurn } from '../turn.ts';
import { ConversationMemory } from './conversation-memory.ts';

/** Bytes of all memories together; the longest unused go first. */
const MOST_BYTES = 64 * 1024 * 1024;
/** What nobody asked for so long is forgotten: it is what people said, in the clear. */
const UNUSED_MS = 10 * 60 * 1000;

/** The memories of the conversations that this process has to do with. Lost, they are made again from the turns. */
export class Memories {
  readonly #kept: LRUCache<string, ConversationMemory>;

  /** @param mostBytes of all of them together */
  constructor(mostBytes = MOST_BYTES) {
    this.#kept = new LRUCache({
      maxSize: mostBytes,
      sizeCalculation: ({ size }) => size,
      ttl: UNUSED_MS,
      updateAgeOnGet: true,
      ttlAutopurge: true,
    });
  }

  /**
   * The memory of a path whose first turns are in a summary, if it is at hand; with the turns that come after them in it.
   * @param covered version of the last turn in the summary; 0 = there is none
   */
  known(
    ref: SessionRef,
    life: Life,
    covered: number,
    turns: readonly SpokenTurn[],
  ): ConversationMemory | undefined {
    if (covered === 0) return undefined;
    const memory = this.#kept.get(keyOf(ref, life));
    return memory?.continue(covered, turns) ? this.#keep(keyOf(ref, life), memory) : undefined;
  }

  /** The memory of a path, with all of these turns in it. */
  of(ref: SessionRef, life: Life, turns: readonly SpokenTurn[]): ConversationMemory {
    const key = keyOf(ref, life);
    const known = this.#kept.get(key);
    if (known?.follow(turns)) return this.#keep(key, known);
    const fresh = new ConversationMemory();
    fresh.follow(turns);
    return this.#keep(key, fresh);
  }

  /** The same for a path that may be new here and long: others have their turn in between. */
  async met(ref: SessionRef, life: Life, turns: readonly SpokenTurn[]): Promise<ConversationMemory> {
    const key = keyOf(ref, life);
    const known = this.#kept.get(key);
    if (known && (await known.grow(turns))) return this.#keep(key, known);
    const fresh = new ConversationMemory();
    await fresh.grow(turns);
    return this.#keep(key, fresh);
  }

  /** Its size may have changed, and is asked for only of what is not there yet. */
  #keep(key: string, memory: ConversationMemory): ConversationMemory {
    this.#kept.delete(key);
    this.#kept.set(key, memory);
    return memory;
  }

  /** Of all its lives. */
  forget(ref: SessionRef): void {
    const prefix = keyOf(ref);
    for (const key of [...this.#kept.keys()]) if (key.startsWith(prefix)) this.#kept.delete(key);
  }
}

/** Which life of a session, after how many deletions: what was known of another is not to be used. */
type Life = Pick<SessionHead, 'generation' | 'edits'>;

const keyOf = ({ tenant, session }: SessionRef, life?: Life): string =>
  `${JSON.stringify([tenant, session])} ${life ? `${life.generation} ${life.edits}` : ''}`;
