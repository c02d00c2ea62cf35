import { setImmediate as turn } from 'node:timers/promises';
import type { Documents } from '../contracts/store.ts';

/** Versions that are compared, and documents that are read, before requests get a turn: some 3 ms. */
const PAGE = 200;
/** Milliseconds after which versions are compared although what was written is known: documents run out. */
const LOOK_EVERY_MS = 60_000;
/** Changes of a page up to which they are read one by one. */
const FEW = 20;

export interface MirrorOptions<V, T> {
  /** Of the newest, as many are held. */
  readonly most: number;
  /** What of a document is held; undefined: nothing. */
  pick(value: V): T | undefined;
  /** What is held however old it is. Absent: nothing. */
  isLasting?(item: T): boolean;
}

interface Held<T> {
  readonly id: string;
  readonly item: T;
}

/** A document that is there, with what is held of it, or one that is gone. */
interface Change<T> {
  readonly id: string;
  /** 0: it is gone. */
  readonly version: number;
  readonly item: T | undefined;
}

/**
 * A collection of the store in memory, for lists: whoever asks gets what is there now, and only what was written since the time
 * before is read. Ids have to sort by time and never come again. Beside what it holds it takes 100 bytes a document.
 */
export class Mirror<V, T = V> {
  readonly #documents: Documents;
  readonly #collection: string;
  readonly #options: MirrorOptions<V, T>;
  readonly #versions = new Map<string, number>();
  /** The newest first. */
  #held: readonly Held<T>[] = [];
  #items: readonly T[] = [];
  #stamp: string | undefined;
  #comparedAt = Number.NEGATIVE_INFINITY;
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<readonly T[]> | undefined;

  constructor(documents: Documents, collection: string, options: MirrorOptions<V, T>) {
    this.#documents = documents;
    this.#collection = collection;
    this.#options = options;
  }

  /** The newest first. What was written before the call is in it; the same list as before if nothing was. @throws StoreUnavailable */
  all(): Promise<readonly T[]> {
    // A look that has begun may be past what was written since: the next one counts, for all who ask until it begins.
    this.#next ??= this.#running.then(() => {
      const look = this.#look();
      this.#running = look.catch(() => undefined);
      this.#next = undefined;
      return look;
    });
    return this.#next;
  }

  async #look(): Promise<readonly T[]> {
    // Asked for first: what is written from here on is told the next time.
    const { stamp, ids } = await this.#documents.written(this.#collection, this.#stamp);
    const at = performance.now();
    if (ids && ids.length <= PAGE && at - this.#comparedAt < LOOK_EVERY_MS) {
      this.#take(await this.#read(ids));
    } else {
      this.#take(await this.#compared());
      this.#comparedAt = at;
    }
    this.#stamp = stamp;
    return this.#items;
  }

  /** What is another version than before, or gone. */
  async #compared(): Promise<Change<T>[]> {
    const gone = new Set(this.#versions.keys());
    const changes: Change<T>[] = [];
    for (let after = ''; ; ) {
      const page = await this.#documents.versions(this.#collection, { after, limit: PAGE });
      for (const { id } of page) gone.delete(id);
      const changed = page.filter(({ id, version }) => this.#versions.get(id) !== version);
      if (changed.length > FEW) changes.push(...(await this.#readPage(after)));
      else changes.push(...(await this.#read(changed.map(({ id }) => id))));
      const last = page.at(-1);
      if (page.length < PAGE || last === undefined) break;
      after = last.id;
      await turn();
    }
    return [...changes, ...[...gone].map((id) => ({ id, version: 0, item: undefined }))];
  }

  #read(ids: readonly string[]): Promise<Change<T>[]> {
    return Promise.all(
      ids.map(async (id) => {
        const found = await this.#documents.get<V>(this.#collection, id);
        return { id, version: found?.version ?? 0, item: found && this.#options.pick(found.value) };
      }),
    );
  }

  async #readPage(after: string): Promise<Change<T>[]> {
    const page = await this.#documents.list<V>(this.#collection, { after, limit: PAGE });
    return page
      .filter(({ id, version }) => this.#versions.get(id) !== version)
      .map(({ id, version, value }) => ({ id, version, item: this.#options.pick(value) }));
  }

  /** Puts what has changed in its place. Lets go of what is too old, and of nothing that lasts. */
  #take(changes: readonly Change<T>[]): void {
    const changed = new Map<string, Change<T>>();
    for (const change of changes) {
      const { id, version } = change;
      if ((this.#versions.get(id) ?? 0) === version) continue;
      if (version === 0) this.#versions.delete(id);
      else this.#versions.set(id, version);
      changed.set(id, change);
    }
    if (changed.size === 0) return;
    const { most, isLasting } = this.#options;
    const kept = this.#held.filter(({ id }) => !changed.has(id));
    const added = [...changed.values()].flatMap(({ id, item }) => (item === undefined ? [] : [{ id, item }]));
    this.#held = merged(
      kept,
      added.sort((a, b) => (a.id < b.id ? 1 : -1)),
    ).filter(({ item }, at) => at < most || isLasting?.(item));
    this.#items = this.#held.map(({ item }) => item);
  }
}

/** Of two lists that are sorted downward, one. */
function merged<T>(a: readonly Held<T>[], b: readonly Held<T>[]): Held<T>[] {
  const all: Held<T>[] = [];
  let at = 0;
  for (const each of b) {
    for (let next = a[at]; next && next.id > each.id; next = a[++at]) all.push(next);
    all.push(each);
  }
  return all.concat(a.slice(at));
}
