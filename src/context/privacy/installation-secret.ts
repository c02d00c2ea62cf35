import { randomBytes } from 'node:crypto';
import type { Documents } from '../../contracts/store.ts';

const COLLECTION = 'context-keys';
const ID = 'installation';

/** More stores than that were lost by nobody. */
const MOST_FORMER = 16;

interface Stored {
  readonly secret: string;
  /** Of processes that knew another when the store had lost it, the newest first; absent: none. */
  readonly former?: readonly string[];
}

/** A secret, and those that something may have been keyed with before. */
export interface KnownSecret {
  readonly secret: string;
  readonly former: readonly string[];
}

/** What digests are keyed with where nothing is sealed: whoever reads a log can't guess by them who spoke, and what was said. */
export class InstallationSecret {
  readonly #documents: Documents;
  #known: KnownSecret | undefined;
  #asking: Promise<KnownSecret> | undefined;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  /** The same for all that share the store, made by the first of them. @throws StoreUnavailable as long as nobody knows it */
  get(): KnownSecret | Promise<KnownSecret> {
    if (this.#known) return this.#known;
    this.#asking ??= this.#agree().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /**
   * A store that has lost it is told it again. Where another process was faster, and made a new one, that holds from now on, and
   * all learn by which name this one knew people before. @throws StoreUnavailable
   */
  async renew(): Promise<void> {
    if (this.#known) await this.#agree();
  }

  async #agree(): Promise<KnownSecret> {
    for (;;) {
      const own = this.#known;
      const stored = await this.#documents.get<Stored>(COLLECTION, ID);
      const { secret, former = [] } = stored?.value ?? own ?? { secret: randomBytes(32).toString('hex') };
      const isKnown = own === undefined || own.secret === secret || former.includes(own.secret);
      const agreed = {
        secret,
        former: isKnown ? former : [own.secret, ...former].slice(0, MOST_FORMER),
      };
      if (!stored || !isKnown) {
        const put = await this.#documents.put(COLLECTION, ID, agreed, { ifVersion: stored?.version ?? 0 });
        // Another was faster: what it wrote counts.
        if (!put.ok) continue;
      }
      if (own?.secret !== secret || own.former.join() !== agreed.former.join()) this.#known = agreed;
      return this.#known ?? agreed;
    }
  }
}
