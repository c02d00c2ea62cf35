import { createHash } from 'node:crypto';
import type { Documents } from '../../contracts/store.ts';
import { randomHex } from '../../lib/request-id.ts';
import type { Finding } from './finding.ts';

const COLLECTION = 'findings';
/** Which finding stands for a fingerprint now: of two replicas that find the same thing one opens it. */
const BY_FINGERPRINT = 'finding-fingerprints';
/** Writers that may meet at one finding: the leader, and operators. */
const MAX_RACES = 50;
const PAGE = 1000;
/** Of the newest, in memory for lists. Beyond it they are read one by one. 3 kB each. */
const MOST_LISTED = 5000;

/** The findings, for ever, in the store that all replicas share. */
export class FindingBook {
  readonly #documents: Documents;
  readonly #listeners = new Set<(now: Finding, before: Finding | undefined) => void>();

  constructor(documents: Documents) {
    this.#documents = documents;
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

  /** The newest, newest first, at most 5,000. @throws StoreUnavailable */
  async all(): Promise<Finding[]> {
    const findings: Finding[] = [];
    for (let after = ''; ; ) {
      const page = await this.#documents.list<Finding>(COLLECTION, { after, limit: PAGE });
      findings.push(...page.map(({ value }) => value));
      if (findings.length > MOST_LISTED) findings.splice(0, findings.length - MOST_LISTED);
      const last = page.at(-1);
      if (page.length < PAGE || last === undefined) return findings.reverse();
      after = last.id;
    }
  }

  #tell(now: Finding, before: Finding | undefined): void {
    for (const listener of this.#listeners) listener(now, before);
  }
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
