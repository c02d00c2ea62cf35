import { setImmediate as turn } from 'node:timers/promises';
import type { Documents } from '../contracts/store.ts';

/** Versions that are compared, and documents that are read, before requests get a turn: some 3 ms. */
const PAGE = 200;
/** Milliseconds after which versions are compared although nothing seems to have been written: documents run out. */
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

/**
 * A collection of the store in memory, for lists: whoever asks gets what is there now, and only what has changed since the time
 * before is read. Ids have to sort by time and never come again. Beside what it holds it takes 100 bytes a document.
 */
export class Mirror<V, T = V> {
  readonly #documents: Documents;
  readonly #collection: string;
  readonly #options: MirrorOptions<V, T>;
  #known = new Map<string, { version: number; item: T | undefined }>();
  #held: readonly T[] = [];
  #stamp: string | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<readonly T[]> | undefined;

  constructor(documents: Documents, collection: string, options: MirrorOptions<V, T>) {
    this.#documents = documents;
    this.#collection = collection;
    this.#options = options;
  }

  /** The newest first. What was written before the call is in it. @throws StoreUnavailable */
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
    // Asked for first: what is written from here on makes another.
    const stamp = await this.#documents.stamp(this.#collection);
    const at = performance.now();
    if (stamp === this.#stamp && at - this.#lookedAt < LOOK_EVERY_MS) return this.#held;
    this.#known = await this.#compared();
    this.#held = this.#holding(this.#known);
    this.#stamp = stamp;
    this.#lookedAt = at;
    return this.#held;
  }

  /** What is there now; only what has changed is read. */
  async #compared(): Promise<Map<string, { version: number; item: T | undefined }>> {
    const before = this.#known;
    const now: typeof before = new Map();
    for (let after = ''; ; ) {
      const page = await this.#documents.versions(this.#collection, { after, limit: PAGE });
      const isSame = ({ id, version }: { id: string; version: number }) =>
        before.get(id)?.version === version;
      const changed = page.filter((each) => !isSame(each)).map(({ id }) => id);
      const read = await this.#read(changed, after);
      for (const { id, version } of page) {
        const found = read.get(id) ?? before.get(id);
        if (found) now.set(id, found);
        else now.set(id, { version, item: undefined });
      }
      const last = page.at(-1);
      if (page.length < PAGE || last === undefined) return now;
      after = last.id;
      await turn();
    }
  }

  async #read(
    changed: readonly string[],
    after: string,
  ): Promise<Map<string, { version: number; item: T | undefined }>> {
    const found =
      changed.length > FEW
        ? await this.#documents.list<V>(this.#collection, { after, limit: PAGE })
        : await Promise.all(changed.map((id) => this.#documents.get<V>(this.#collection, id)));
    return new Map(
      found.flatMap((each) =>
        each ? [[each.id, { version: each.version, item: this.#options.pick(each.value) }] as const] : [],
      ),
    );
  }

  /** Lets go of what is too old, and of nothing that lasts. */
  #holding(known: ReadonlyMap<string, { version: number; item: T | undefined }>): readonly T[] {
    const { most, isLasting } = this.#options;
    const held: T[] = [];
    for (const entry of [...known.values()].reverse()) {
      const { item } = entry;
      if (item === undefined) continue;
      if (held.length < most || isLasting?.(item)) held.push(item);
      else entry.item = undefined;
    }
    return held;
  }
}
