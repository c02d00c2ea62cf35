import { hash, randomUUID } from 'node:crypto';
import type { AnswerCache, CachedAnswer, PurgeSelection } from '../../contracts/cache.ts';
import { type Documents, StoreUnavailable } from '../../contracts/store.ts';
import { isPurged, NO_PURGES, type Purges, withPurge } from './purges.ts';
import { isSelected } from './selection.ts';
import { UnsaidChanges } from './unsaid-changes.ts';

/** Keys share places, so that an answer says whose it is. */
type Written = Omit<CachedAnswer, 'body'> & { body: string; key: string };

const collectionOf = (route: string): string => `answers ${route}`;
const changesOf = (route: string): string => `answers changed ${route}`;
const PURGES = 'answers purged';
/** As long as an answer may be of any use: nothing that was asked for before comes after it. */
const PURGES_KEPT_MS = 24 * 3_600_000;
/** Replicas that purge at once try so often to write beside each other. */
const MOST_TRIES = 20;
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
  readonly #unsaid: UnsaidChanges;

  constructor(documents: Documents) {
    this.#documents = documents;
    this.#unsaid = new UnsaidChanges(documents);
  }

  /** @param places most answers of the route that are kept at once */
  ofRoute(route: string, places: number): AnswerCache {
    const collection = collectionOf(route);
    const changes = changesOf(route);
    const documents = this.#documents;
    const unsaid = this.#unsaid;
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
        if (await this.#isPurged(route, answer)) return;
        const value: Written = { ...answer, key, body: answer.body.toString('base64') };
        const put = await documents.put(collection, at(key), value, { ttlMs: whole(ttlMs) });
        // A purge notes itself before it looks: what it has not met here finds its note.
        if (put.ok && (await this.#isPurged(route, answer)))
          await documents.delete(collection, at(key), { ifVersion: put.version });
      },
      delete: async (key) => {
        const found = await documents.get<Written>(collection, at(key));
        if (found?.value.key === key)
          await documents.delete(collection, at(key), { ifVersion: found.version });
      },
      mark: async (key) => {
        const id = changeAt(key);
        const known = (await documents.get<string>(changes, id))?.value ?? '';
        const here = unsaid.mark(changes, id);
        await unsaid.say();
        return here === undefined ? known : `${known} ${here}`;
      },
      changed: async (key, ttlMs) => {
        const change = { collection: changes, id: changeAt(key), mark: randomUUID(), ttlMs: whole(ttlMs) };
        try {
          await documents.put(changes, change.id, change.mark, { ttlMs: change.ttlMs });
        } catch (error) {
          unsaid.add(change);
          throw error;
        }
      },
    };
  }

  async #isPurged(route: string, answer: CachedAnswer): Promise<boolean> {
    const purges = await this.#documents.get<Purges>(PURGES, route);
    return purges !== undefined && isPurged(purges.value, route, answer);
  }

  /**
   * @param routes those that may have answers here
   * @param at wall clock, milliseconds
   * @returns how many were forgotten
   */
  async purge(selection: PurgeSelection, routes: readonly string[], at: number): Promise<number> {
    let purged = 0;
    for (const route of routes) {
      if (selection.route !== undefined && selection.route !== route) continue;
      await this.#note(selection, route, at);
      purged += await this.#purgeRoute(selection, route);
    }
    return purged;
  }

  async #note(selection: PurgeSelection, route: string, at: number): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const found = await this.#documents.get<Purges>(PURGES, route);
      const { ok } = await this.#documents.put(
        PURGES,
        route,
        withPurge(found?.value ?? NO_PURGES, selection, at),
        {
          ifVersion: found?.version ?? 0,
          ttlMs: PURGES_KEPT_MS,
        },
      );
      if (ok) return;
    }
    throw new StoreUnavailable('too many purges at once');
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
