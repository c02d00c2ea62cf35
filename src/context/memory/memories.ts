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
   * The memory of a path whose first turns are in a summary, if it is at hand; with the turns that come after them in it. It may
   * have many to take in: others have their turn in between.
   * @param covered version of the last turn in the summary; 0 = there is none
   */
  async known(
    ref: SessionRef,
    life: Life,
    covered: number,
    turns: readonly SpokenTurn[],
  ): Promise<ConversationMemory | undefined> {
    const key = keyOf(ref, life);
    const memory = covered === 0 ? undefined : this.#kept.get(key);
    return memory && (await this.#grow(key, memory, turns, covered)) ? memory : undefined;
  }

  /** The memory of a path, with all of these turns in it. */
  async met(ref: SessionRef, life: Life, turns: readonly SpokenTurn[]): Promise<ConversationMemory> {
    const key = keyOf(ref, life);
    const known = this.#kept.get(key);
    if (known && (await this.#grow(key, known, turns))) return known;
    const fresh = new ConversationMemory();
    // Whoever asks for it meanwhile waits for the same.
    this.#kept.set(key, fresh);
    await this.#grow(key, fresh, turns);
    return fresh;
  }

  async #grow(
    key: string,
    memory: ConversationMemory,
    turns: readonly SpokenTurn[],
    covered = 0,
  ): Promise<boolean> {
    try {
      const isThere = await memory.grow(turns, covered);
      // What was forgotten meanwhile stays so.
      if (isThere && this.#kept.peek(key) === memory) this.#keep(key, memory);
      return isThere;
    } catch (error) {
      if (this.#kept.peek(key) === memory) this.#kept.delete(key);
      throw error;
    }
  }

  /** Its size may have changed, and is asked for only of what is not there yet. */
  #keep(key: string, memory: ConversationMemory): void {
    this.#kept.delete(key);
    this.#kept.set(key, memory);
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
