import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type {
  DeleteOptions,
  Documents,
  PutOptions,
  PutResult,
  StoredDocument,
  Written,
} from '../../contracts/store.ts';
import { checkLimit, checkName, checkTtl, encode } from '../check.ts';
import { asUnavailable, type Commits } from './commits.ts';

/** Rows of one purge, so that it does not hold the event loop. */
const PURGE_BATCH = 1000;
/** Of a collection, so that who follows it need not look through all of it. */
const WRITES_KEPT = 1000;
const FORGET_EVERY = 100;

interface Statements {
  get: StatementSync;
  put: StatementSync;
  delete: StatementSync;
  list: StatementSync;
  versions: StatementSync;
  write: StatementSync;
  forget: StatementSync;
  written: StatementSync;
  lastWrite: StatementSync;
  purge: StatementSync;
}

/** Documents in one table. Reads are a lookup in the page cache; writes share commits. */
export class SqliteDocuments implements Documents {
  readonly #statements: Statements;
  readonly #commits: Commits;
  readonly #now: () => number;

  constructor(database: DatabaseSync, commits: Commits, now: () => number) {
    this.#commits = commits;
    this.#now = now;
    this.#statements = {
      get: database.prepare(
        `SELECT version, value FROM documents
         WHERE collection = ? AND id = ? AND (expires_at IS NULL OR expires_at > ?)`,
      ),
      put: database.prepare(
        `INSERT INTO documents (collection, id, version, value, expires_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (collection, id)
         DO UPDATE SET version = excluded.version, value = excluded.value, expires_at = excluded.expires_at`,
      ),
      delete: database.prepare('DELETE FROM documents WHERE collection = ? AND id = ?'),
      // TEXT compares as its UTF-8 bytes, which is the order the contract asks for.
      list: database.prepare(
        `SELECT id, version, value FROM documents
         WHERE collection = ? AND id > ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY id LIMIT ?`,
      ),
      versions: database.prepare(
        `SELECT id, version FROM documents
         WHERE collection = ? AND id > ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY id LIMIT ?`,
      ),
      write: database.prepare(
        `INSERT INTO document_writes (collection, number, id)
         SELECT ?1, coalesce(max(number), 0) + 1, ?2 FROM document_writes WHERE collection = ?1 RETURNING number`,
      ),
      forget: database.prepare('DELETE FROM document_writes WHERE collection = ? AND number <= ?'),
      written: database.prepare(
        'SELECT number, id FROM document_writes WHERE collection = ? AND number > ? ORDER BY number',
      ),
      lastWrite: database.prepare('SELECT max(number) AS number FROM document_writes WHERE collection = ?'),
      purge: database.prepare(
        `DELETE FROM documents WHERE rowid IN
           (SELECT rowid FROM documents WHERE expires_at <= ? ORDER BY expires_at LIMIT ${PURGE_BATCH})`,
      ),
    };
  }

  async get<T>(collection: string, id: string): Promise<StoredDocument<T> | undefined> {
    checkAddress(collection, id);
    const row = reading(() => this.#statements.get.get(collection, id, this.#now()));
    return row && { id, version: Number(row.version), value: JSON.parse(String(row.value)) as T };
  }

  async put<T>(collection: string, id: string, value: T, options: PutOptions = {}): Promise<PutResult> {
    checkAddress(collection, id);
    const json = encode(value);
    const ttlMs = checkTtl(options.ttlMs);
    return this.#commits.enqueue((): PutResult => {
      const version = this.#versionOf(collection, id);
      if (options.ifVersion !== undefined && options.ifVersion !== version) return { ok: false, version };
      const expiresAt = ttlMs === undefined ? null : Math.ceil(this.#now() + ttlMs);
      this.#statements.put.run(collection, id, version + 1, json, expiresAt);
      this.#note(collection, id);
      return { ok: true, version: version + 1 };
    });
  }

  async delete(collection: string, id: string, options: DeleteOptions = {}): Promise<boolean> {
    checkAddress(collection, id);
    return this.#commits.enqueue(
      () => {
        const version = this.#versionOf(collection, id);
        if (version === 0 || (options.ifVersion ?? version) !== version) return false;
        this.#statements.delete.run(collection, id);
        this.#note(collection, id);
        return true;
      },
      { wipes: options.wipe === true },
    );
  }

  async list<T>(
    collection: string,
    options: { after?: string; limit?: number } = {},
  ): Promise<StoredDocument<T>[]> {
    checkName('collection', collection);
    const limit = checkLimit(options.limit);
    const rows = reading(() =>
      this.#statements.list.all(collection, options.after ?? '', this.#now(), limit),
    );
    return rows.map((row) => ({
      id: String(row.id),
      version: Number(row.version),
      value: JSON.parse(String(row.value)) as T,
    }));
  }

  async versions(
    collection: string,
    options: { after?: string; limit?: number } = {},
  ): Promise<Pick<StoredDocument, 'id' | 'version'>[]> {
    checkName('collection', collection);
    const limit = checkLimit(options.limit);
    const rows = reading(() =>
      this.#statements.versions.all(collection, options.after ?? '', this.#now(), limit),
    );
    return rows.map((row) => ({ id: String(row.id), version: Number(row.version) }));
  }

  async written(collection: string, since?: string): Promise<Written> {
    checkName('collection', collection);
    return reading(() => {
      const from = since === undefined ? Number.NaN : Number(since);
      const rows = Number.isNaN(from) ? [] : this.#statements.written.all(collection, from);
      const last = Number(this.#statements.lastWrite.get(collection)?.number ?? 0);
      // What another process wrote between the two reads is told the next time.
      const stamp = Number(rows.at(-1)?.number ?? (from === last ? from : Number.NaN));
      if (Number.isNaN(stamp) || stamp - from !== rows.length) return { stamp: String(last), ids: undefined };
      return { stamp: String(stamp), ids: [...new Set(rows.map(({ id }) => String(id)))] };
    });
  }

  /** Within a commit: what was written, of each collection the last thousand or so. */
  #note(collection: string, id: string): void {
    const number = Number(this.#statements.write.get(collection, id)?.number);
    if (number % FORGET_EVERY === 0) this.#statements.forget.run(collection, number - WRITES_KEPT);
  }

  /** Deletes documents that ran out, 1000 at most; true if there may be more. */
  async purge(): Promise<boolean> {
    return this.#commits.enqueue(() => this.#statements.purge.run(this.#now()).changes === PURGE_BATCH);
  }

  #versionOf(collection: string, id: string): number {
    return Number(this.#statements.get.get(collection, id, this.#now())?.version ?? 0);
  }
}

function checkAddress(collection: string, id: string): void {
  checkName('collection', collection);
  checkName('id', id);
}

function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw asUnavailable(error);
  }
}
