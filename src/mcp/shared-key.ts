import { hash, randomBytes } from 'node:crypto';
import type { Documents } from '../contracts/store.ts';

const COLLECTION = 'mcp/keys';
const ID = 'state';

/**
 * The key that seals what clients carry from one replica to another: from the config, or made once and kept in the
 * store, where whoever writes first decides for all.
 */
export class SharedKey {
  readonly #documents: Documents;
  #kept: Promise<Uint8Array> | undefined;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  /**
   * @param configured of the config; undefined: the store's
   * @returns 32 bytes
   * @throws StoreUnavailable
   */
  get(configured: string | undefined): Promise<Uint8Array> {
    if (configured !== undefined) return Promise.resolve(hash('sha256', configured, 'buffer'));
    this.#kept ??= this.#fromStore().catch((error: unknown) => {
      this.#kept = undefined;
      throw error;
    });
    return this.#kept;
  }

  async #fromStore(): Promise<Uint8Array> {
    const made = randomBytes(32).toString('base64url');
    await this.#documents.put(COLLECTION, ID, { key: made }, { ifVersion: 0 });
    const stored = await this.#documents.get<{ key: string }>(COLLECTION, ID);
    return Buffer.from(stored?.value.key ?? made, 'base64url');
  }
}
