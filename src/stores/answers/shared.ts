import { hash } from 'node:crypto';
import type { AnswerCache, CachedAnswer, PurgeSelection } from '../../contracts/cache.ts';
import type { Documents } from '../../contracts/store.ts';
import { isSelected } from './selection.ts';

/** Keys share places, so that an answer says whose it is. */
type Written = Omit<CachedAnswer, 'body'> & { body: string; key: string };

const collectionOf = (route: string): string => `answers ${route}`;
const changesOf = (route: string): string => `answers changed ${route}`;
const PAGE = 200;
/** Of changes, a route; each is some 100 bytes. */
const CHANGE_PLACES = 10_000;

/**
 * The place of a key among so many: what is written there takes the place of what was there before. That bounds what a
 * route keeps without a count that replicas would have to agree on, and a read stays one round trip.
 */
const placeOf = (key: string, places: number): string =>
  String(Number.parseInt(hash('sha256', key, 'hex').slice(0, 12), 16) % places);

/** Answers in the store: all replicas give and purge the same ones. */
export class SharedAnswers {
  readonly #documents: Documents;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  /** @param places most answers of the route that are kept at once */
  ofRoute(route: string, places: number): AnswerCache {
    const collection = collectionOf(route);
    const changes = changesOf(route);
    const documents = this.#documents;
    const at = (key: string): string => placeOf(key, places);
    const changeAt = (key: string): string => placeOf(key, CHANGE_PLACES);
    return {
      get: async (key) => {
        const found = await documents.get<Written>(collection, at(key));
        if (found?.value.key !== key) return undefined;
        const { body, key: _key, ...answer } = found.value;
        return { ...answer, body: Buffer.from(body, 'base64') };
      },
      put: async (key, answer, ttlMs) => {
        const value: Written = { ...answer, key, body: answer.body.toString('base64') };
        await documents.put(collection, at(key), value, { ttlMs: whole(ttlMs) });
      },
      delete: async (key) => {
        const found = await documents.get<Written>(collection, at(key));
        if (found?.value.key === key)
          await documents.delete(collection, at(key), { ifVersion: found.version });
      },
      changedAt: async (key) => (await documents.get<number>(changes, changeAt(key)))?.value,
      changed: async (key, changedAt, ttlMs) => {
        await documents.put(changes, changeAt(key), changedAt, { ttlMs: whole(ttlMs) });
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

const whole = (ms: number): number => Math.max(1, Math.ceil(ms));
