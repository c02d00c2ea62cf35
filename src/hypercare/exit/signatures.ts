import type { Documents } from '../../contracts/store.ts';

const COLLECTION = 'sign-offs';
/** A window is signed once or a few times. Of more, the newest can't be found in one page: nobody signs that often. */
const MOST = 1000;

/** That somebody has ended the window in their name, and on which evidence. Kept for ever. */
export interface Signature {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly by: string;
  readonly note: string;
  /** The window's name; '' if it has none. */
  readonly window: string;
  /** Of the config that served. */
  readonly revision: number;
  /** The sign-off report as it was when it was signed, in Markdown. */
  readonly report: string;
}

/** Who signed, in the store that all replicas share. All calls fail with StoreUnavailable. */
export class Signatures {
  readonly #documents: Documents;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  async add(signature: Signature): Promise<void> {
    // Two people who sign in the same millisecond have both signed.
    await this.#documents.put(
      COLLECTION,
      `${new Date(signature.at).toISOString()} ${signature.by}`,
      signature,
    );
  }

  /** The newest of a window; null: nobody has signed. */
  async of(window: string): Promise<Signature | null> {
    const all = await this.#documents.list<Signature>(COLLECTION, { limit: MOST });
    return all.findLast(({ value }) => value.window === window)?.value ?? null;
  }
}
