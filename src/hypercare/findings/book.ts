import { createHash } from 'node:crypto';
import type { Documents } from '../../contracts/store.ts';
import { randomHex } from '../../lib/request-id.ts';
import { Mirror } from '../mirror.ts';
import { type Finding, isOver } from './finding.ts';

const COLLECTION = 'findings';
/** Which finding stands for a fingerprint now: of two replicas that find the same thing one opens it. */
const BY_FINGERPRINT = 'finding-fingerprints';
/** Writers that may meet at one finding: the leader, and operators. */
const MAX_RACES = 50;
/** Of the newest, in memory for lists, and all that are not over. Beyond it they are read one by one. 3 to 6 kB each. */
const MOST_LISTED = 5000;

/** The findings, for ever, in the store that all replicas share. */
export class FindingBook {
  readonly #documents: Documents;
  readonly #listeners = new Set<(now: Finding, before: Finding | undefined) => void>();
  readonly #mirror: Mirror<Finding>;

  constructor(documents: Documents) {
    this.#documents = documents;
    this.#mirror = new Mirror(documents, COLLECTION, {
      most: MOST_LISTED,
      pick: (finding) => finding,
      isLasting: (finding) => !isOver(finding),
    });
  }

  /** Told after each write of this process. @returns what ends the subscription */
  listen(listener: (now: Finding, before: Finding | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @throws StoreUnavailable */
  async get(id: string): Promise<Finding | undefined> {
    return (await this.#documents.get<Finding>(COLLECTION, id))?.value;
  }

  /** @returns the finding that has the fingerprint, over or not; the newest of them. @throws StoreUnavailable */
  async of(fingerprint: string): Promise<Finding | undefined> {
    const found = await this.#documents.get<{ id: string }>(BY_FINGERPRINT, keyOf(fingerprint));
    return found && this.get(found.value.id);
  }

  /**
   * Writes one that is new. Of several writers at once only one does: the others get what it wrote.
   * @param instead the finding that had the fingerprint before
   * @throws StoreUnavailable
   */
  async add(finding: Finding, instead?: Finding): Promise<Finding> {
    const key = keyOf(finding.fingerprint);
    const holder = await this.#documents.get<{ id: string }>(BY_FINGERPRINT, key);
    if (holder && holder.value.id !== instead?.id) {
      const other = await this.get(holder.value.id);
      if (other) return other;
    }
    await this.#documents.put(COLLECTION, finding.id, finding, { ifVersion: 0 });
    const put = await this.#documents.put(
      BY_FINGERPRINT,
      key,
      { id: finding.id },
      { ifVersion: holder?.version ?? 0 },
    );
    if (!put.ok) {
      await this.#documents.delete(COLLECTION, finding.id);
      const other = await this.of(finding.fingerprint);
      if (other) return other;
    }
    this.#tell(finding, undefined);
    return finding;
  }

  /**
   * Changes one, whoever else does so at the same time.
   * @param change of the newest state; the same object, or undefined: nothing is written
   * @returns what is there now; undefined: there is no such finding
   * @throws StoreUnavailable, and whatever `change` throws
   */
  async change(id: string, change: (finding: Finding) => Finding | undefined): Promise<Finding | undefined> {
    for (let race = 0; race < MAX_RACES; race += 1) {
      const found = await this.#documents.get<Finding>(COLLECTION, id);
      if (!found) return undefined;
      const now = change(found.value);
      if (now === undefined || now === found.value) return found.value;
      const put = await this.#documents.put(COLLECTION, id, now, { ifVersion: found.version });
      if (!put.ok) continue;
      this.#tell(now, found.value);
      return now;
    }
    throw new Error(`too many change the finding ${id} at once`);
  }

  /** The newest 5,000, newest first, and however old they are those that are not over. @throws StoreUnavailable */
  all(): Promise<readonly Finding[]> {
    return this.#mirror.all();
  }

  #tell(now: Finding, before: Finding | undefined): void {
    for (const listener of this.#listeners) listener(now, before);
  }
}

/** What users may know of findings, without the findings: a process that only says it holds no more. */
export class AnnouncedFindings {
  readonly #mirror: Mirror<Finding, Announced>;

  constructor(documents: Documents) {
    this.#mirror = new Mirror(documents, COLLECTION, {
      most: MOST_LISTED,
      pick: (finding) =>
        finding.announcement === '' || isOver(finding)
          ? undefined
          : { text: finding.announcement, since: finding.when.since, state: finding.state },
    });
  }

  /** The newest first. @throws StoreUnavailable */
  all(): Promise<readonly Announced[]> {
    return this.#mirror.all();
  }
}

export interface Announced {
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly state: Finding['state'];
}

/** Sorts by time, which is the order in which the store lists. */
export function newFindingId(at: number): string {
  const iso = new Date(at).toISOString();
  return `F${iso.slice(0, 10).replaceAll('-', '')}-${iso.slice(11, 19).replaceAll(':', '')}-${randomHex(3)}`;
}

/** A fingerprint may be longer than an id of the store, which is 512 bytes. */
const keyOf = (fingerprint: string): string =>
  Buffer.byteLength(fingerprint) <= 512 ? fingerprint : `sha256:${digestOf(fingerprint)}`;

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
