import type { Documents } from '../../contracts/store.ts';
import { randomHex } from '../../lib/request-id.ts';

const COLLECTION = 'hypercare-memory';
const HEAD = 'head';
/** Characters a document: a store that takes 50 ms at most for a call is not held up. */
const PART = 128 * 1024;
/** Of it all, some 32 MB. */
const MOST_PARTS = 256;
/** Whoever was away for longer begins anew. */
const KEPT_MS = 14 * 24 * 60 * 60 * 1000;

interface Head {
  readonly id: string;
  readonly parts: number;
}

/** What the engine has learnt, in the store: the next process goes on with it. All calls may fail with StoreUnavailable. */
export class MemoryBook {
  readonly #documents: Documents;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  /**
   * The parts first, then the head that names them: what is read is whole, or it is what was there before.
   * @throws RangeError: it is too large to be kept
   */
  async write(memory: string): Promise<void> {
    const parts = Math.ceil(memory.length / PART);
    if (parts > MOST_PARTS)
      throw new RangeError(
        `${memory.length} characters are more than the ${MOST_PARTS * PART} that are kept`,
      );
    const before = await this.#documents.get<Head>(COLLECTION, HEAD);
    const id = randomHex(8);
    for (let part = 0; part < parts; part++) {
      const text = memory.slice(part * PART, (part + 1) * PART);
      await this.#documents.put(COLLECTION, partOf(id, part), { text }, { ttlMs: KEPT_MS });
    }
    await this.#documents.put(COLLECTION, HEAD, { id, parts }, { ttlMs: KEPT_MS });
    if (before) await this.#forget(before.value);
  }

  /** '' = there is none. */
  async read(): Promise<string> {
    const head = await this.#documents.get<Head>(COLLECTION, HEAD);
    if (!head) return '';
    const texts: string[] = [];
    for (let part = 0; part < head.value.parts; part++) {
      const found = await this.#documents.get<{ text: string }>(COLLECTION, partOf(head.value.id, part));
      // Another has written meanwhile: it is learnt anew rather than half.
      if (!found) return '';
      texts.push(found.value.text);
    }
    return texts.join('');
  }

  async #forget({ id, parts }: Head): Promise<void> {
    for (let part = 0; part < parts; part++) await this.#documents.delete(COLLECTION, partOf(id, part));
  }
}

const partOf = (id: string, part: number): string => `${id}-${String(part).padStart(4, '0')}`;
