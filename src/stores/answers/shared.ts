import type { AnswerCache, CachedAnswer, PurgeSelection } from '../../contracts/cache.ts';
import type { Documents } from '../../contracts/store.ts';
import { isSelected } from './selection.ts';

type Written = Omit<CachedAnswer, 'body'> & { body: string };

const collectionOf = (route: string): string => `answers ${route}`;
const PAGE = 200;

/** Answers in the store: all replicas give and purge the same ones. */
export class SharedAnswers {
  readonly #documents: Documents;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  ofRoute(route: string): AnswerCache {
    const collection = collectionOf(route);
    return {
      get: async (key) => {
        const found = await this.#documents.get<Written>(collection, key);
        return found && { ...found.value, body: Buffer.from(found.value.body, 'base64') };
      },
      put: async (key, answer, ttlMs) => {
        const value: Written = { ...answer, body: answer.body.toString('base64') };
        await this.#documents.put(collection, key, value, { ttlMs: Math.max(1, Math.ceil(ttlMs)) });
      },
      delete: async (key) => {
        await this.#documents.delete(collection, key);
      },
    };
  }

  /**
   * @param routes those that may have answers here
   * @returns how many were forgotten
   */
  async purge(selection: PurgeSelection, routes: readonly string[]): Promise<number> {
    let purged = 0;
    for (const route of routes) {
      if (selection.route !== undefined && selection.route !== route) continue;
      purged += await this.#purgeRoute(selection, route);
    }
    return purged;
  }

  async #purgeRoute(selection: PurgeSelection, route: string): Promise<number> {
    const collection = collectionOf(route);
    let purged = 0;
    let after: string | undefined;
    for (;;) {
      const page = await this.#documents.list<Written>(collection, {
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      for (const { id, value } of page) {
        if (isSelected(selection, route, value) && (await this.#documents.delete(collection, id))) purged++;
      }
      after = page.at(-1)?.id;
      if (page.length < PAGE) return purged;
    }
  }
}
