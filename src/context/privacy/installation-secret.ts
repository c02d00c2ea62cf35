import { randomBytes } from 'node:crypto';
import type { Documents } from '../../contracts/store.ts';

const COLLECTION = 'context-keys';
const ID = 'installation';

/** What digests are keyed with where nothing is sealed: whoever reads a log can't guess by them who spoke, and what was said. */
export class InstallationSecret {
  readonly #documents: Documents;
  #known = '';
  #asking: Promise<string> | undefined;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  /** The same for all that share the store, made by the first of them. @throws StoreUnavailable as long as nobody knows it */
  get(): string | Promise<string> {
    if (this.#known !== '') return this.#known;
    this.#asking ??= this.#read().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #read(): Promise<string> {
    const made = { secret: randomBytes(32).toString('hex') };
    const stored = await this.#documents.get<typeof made>(COLLECTION, ID);
    if (!stored) await this.#documents.put(COLLECTION, ID, made, { ifVersion: 0 });
    // Another may have been faster.
    const { value } = stored ?? (await this.#documents.get<typeof made>(COLLECTION, ID)) ?? { value: made };
    this.#known = value.secret;
    return this.#known;
  }
}
