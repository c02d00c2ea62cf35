import type { Documents } from '../contracts/store.ts';
import type { ConfigDesk } from './desk.ts';
import type { DiffLine } from './diff.ts';

/** A configuration that was applied. */
export interface Revision {
  /** From 1, without gaps while the store answers. */
  number: number;
  /** SHA-256 of the text, hex. */
  hash: string;
  /** Milliseconds since the epoch. */
  at: number;
  /** `file`, `admin`, or which action did it. */
  author: string;
  note: string;
  /** What changed since the revision before, secrets masked. */
  diff: DiffLine[];
  /** The only difference is in what is masked. */
  secretsOnly: boolean;
}

/** With the text as written: its `${…}` unresolved, but any secret that stands in it. Not for showing. */
export interface RevisionWithText extends Revision {
  text: string;
}

export interface Applied {
  text: string;
  /** SHA-256 of the text, hex. */
  hash: string;
  author: string;
  note?: string;
}

export interface Recorded {
  number: number;
  /** False: the text is that of the newest revision already. */
  isNew: boolean;
  /** False: the store is down, and a restart will not know of this revision unless a later one finds it up again. */
  isStored: boolean;
}

const COLLECTION = 'config-revisions';
const HEAD = 'config-head';
const DIGITS = 12;
/** Revisions remembered while the store is down. */
const MAX_UNSTORED = 20;
/** Replicas that apply a configuration at the same moment take numbers from each other. */
const MAX_RACES = 50;

const idOf = (number: number): string => String(number).padStart(DIGITS, '0');

/** Every revision that was applied, numbered, in the store that all replicas share. */
export class Revisions {
  readonly #documents: Documents;
  readonly #desk: Pick<ConfigDesk, 'diff'>;
  readonly #now: () => number;
  /** Made while the store was down, oldest first. */
  #unstored: RevisionWithText[] = [];
  /** The newest that this process knows of. */
  #newest: RevisionWithText | undefined;

  constructor(documents: Documents, desk: Pick<ConfigDesk, 'diff'>, now: () => number = Date.now) {
    this.#documents = documents;
    this.#desk = desk;
    this.#now = now;
  }

  /** Notes that a configuration is being applied. Never fails: without the store the numbers go on in memory. */
  async record(applied: Applied): Promise<Recorded> {
    try {
      await this.flush();
      return await this.#store(applied, this.#now());
    } catch {
      return await this.#remember(applied);
    }
  }

  /**
   * Puts what was remembered while the store was down into it. A revision gets a new number where its own was taken:
   * the last one's is the answer, undefined if there was nothing to do. @throws StoreUnavailable
   */
  async flush(): Promise<number | undefined> {
    let number: number | undefined;
    for (const revision of this.#unstored) {
      ({ number } = await this.#store(revision, revision.at));
      this.#unstored = this.#unstored.filter((each) => each !== revision);
    }
    return number;
  }

  /**
   * Newest first, without their texts.
   * @param before only those with a lower number
   * @throws StoreUnavailable
   */
  async list(limit = 50, before = Number.POSITIVE_INFINITY): Promise<Revision[]> {
    const newest = Math.min((await this.#head())?.number ?? 0, before - 1);
    const after = idOf(Math.max(0, newest - limit));
    const stored = await this.#documents.list<RevisionWithText>(COLLECTION, { after, limit });
    const all = [...stored.map(({ value }) => value), ...this.#unstored];
    return all
      .filter(({ number }) => number < before)
      .sort((a, b) => b.number - a.number)
      .slice(0, limit)
      .map(({ text: _, ...revision }) => revision);
  }

  /** Undefined if there is no such revision. @throws StoreUnavailable */
  async get(number: number): Promise<RevisionWithText | undefined> {
    const unstored = this.#unstored.find((each) => each.number === number);
    return unstored ?? (await this.#documents.get<RevisionWithText>(COLLECTION, idOf(number)))?.value;
  }

  async #store(applied: Applied, at: number): Promise<Recorded> {
    for (let race = 0; race < MAX_RACES; race += 1) {
      const before = await this.#head();
      if (before?.hash === applied.hash) {
        this.#newest = before;
        return { number: before.number, isNew: false, isStored: true };
      }
      const revision = await this.#next(before, applied, at);
      const put = await this.#documents.put(COLLECTION, idOf(revision.number), revision, { ifVersion: 0 });
      if (!put.ok) continue;
      await this.#documents.put(HEAD, HEAD, { number: revision.number });
      this.#newest = revision;
      return { number: revision.number, isNew: true, isStored: true };
    }
    throw new Error('too many replicas record revisions at once');
  }

  /** The newest in the store. A crash may have come between a revision and the head: the head is only a hint. */
  async #head(): Promise<RevisionWithText | undefined> {
    const hint = (await this.#documents.get<{ number: number }>(HEAD, HEAD))?.value.number ?? 0;
    let newest =
      hint === 0 ? undefined : (await this.#documents.get<RevisionWithText>(COLLECTION, idOf(hint)))?.value;
    for (let after = idOf(hint); ; after = idOf(newest!.number)) {
      const more = await this.#documents.list<RevisionWithText>(COLLECTION, { after, limit: 10 });
      if (more.length === 0) return newest;
      newest = more.at(-1)!.value;
    }
  }

  async #remember(applied: Applied): Promise<Recorded> {
    for (;;) {
      const before = this.#newest;
      if (before?.hash === applied.hash) {
        const isStored = !this.#unstored.includes(before);
        return { number: before.number, isNew: false, isStored };
      }
      const revision = await this.#next(before, applied, this.#now());
      // The store may have come back meanwhile, and what was remembered have got another number.
      if (this.#newest !== before) continue;
      this.#newest = revision;
      this.#unstored = [...this.#unstored, revision].slice(-MAX_UNSTORED);
      return { number: revision.number, isNew: true, isStored: false };
    }
  }

  async #next(before: RevisionWithText | undefined, applied: Applied, at: number): Promise<RevisionWithText> {
    const { text, hash, author, note = '' } = applied;
    const diff = await this.#desk.diff(before?.text ?? '', text);
    const secretsOnly = before !== undefined && diff.length === 0;
    return { number: (before?.number ?? 0) + 1, hash, at, author, note, diff, secretsOnly, text };
  }
}
