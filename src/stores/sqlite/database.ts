import { mkdirSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** What this gateway writes. Raised by one with each migration. */
export const SCHEMA_VERSION = 12;

/** Another worker's write takes milliseconds; whoever waits longer than this has met a stuck process. */
export const BUSY_TIMEOUT_MS = 1000;

/** And another's migration, which may read all of a large file, so long. */
const MIGRATION_TIMEOUT_MS = 60_000;

/** From version n to n + 1 at place n. Never edited once released. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE documents (
     collection TEXT NOT NULL,
     id TEXT NOT NULL,
     version INTEGER NOT NULL,
     value TEXT NOT NULL,
     expires_at INTEGER,
     PRIMARY KEY (collection, id)
   ) STRICT;
   CREATE INDEX documents_expiry ON documents (expires_at) WHERE expires_at IS NOT NULL;
   CREATE TABLE counters (
     key TEXT NOT NULL PRIMARY KEY,
     value INTEGER NOT NULL,
     ends_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  `CREATE TABLE budgets (
     key TEXT NOT NULL PRIMARY KEY,
     spent INTEGER NOT NULL,
     held INTEGER NOT NULL,
     ends_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX budgets_ends ON budgets (ends_at);
   CREATE TABLE reservations (
     id TEXT NOT NULL PRIMARY KEY,
     holds TEXT,
     expires_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX reservations_expiry ON reservations (expires_at);
   CREATE TABLE ledger (
     at INTEGER NOT NULL,
     id TEXT NOT NULL,
     entry TEXT NOT NULL,
     PRIMARY KEY (at, id)
   ) STRICT, WITHOUT ROWID;`,
  // What a sliding window or a token bucket holds beyond its value, as a JSON list.
  'ALTER TABLE counters ADD COLUMN parts TEXT',
  // Conversations: what is known of each, its turns, summaries, what makes a turn sent twice one, and leases.
  `CREATE TABLE sessions (
     key INTEGER PRIMARY KEY,
     tenant TEXT NOT NULL,
     session TEXT NOT NULL,
     generation INTEGER NOT NULL,
     version INTEGER NOT NULL,
     edits INTEGER NOT NULL,
     head TEXT NOT NULL,
     hash TEXT NOT NULL,
     count INTEGER NOT NULL,
     epoch INTEGER NOT NULL,
     covered INTEGER NOT NULL,
     tokens INTEGER NOT NULL,
     owner TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     touched_at INTEGER NOT NULL,
     ends_at INTEGER NOT NULL,
     last_end INTEGER NOT NULL,
     kept_ms INTEGER NOT NULL,
     erased INTEGER NOT NULL,
     metadata TEXT NOT NULL,
     fence INTEGER NOT NULL,
     exclusive_fence INTEGER NOT NULL,
     holder TEXT NOT NULL,
     holder_until INTEGER NOT NULL,
     UNIQUE (tenant, session)
   ) STRICT;
   CREATE INDEX sessions_by_age ON sessions (tenant, created_at, session);
   CREATE INDEX sessions_by_owner ON sessions (tenant, owner, created_at, session) WHERE owner <> '';
   CREATE INDEX sessions_end ON sessions (ends_at);
   CREATE TABLE turns (
     key INTEGER NOT NULL,
     version INTEGER NOT NULL,
     id TEXT NOT NULL,
     at INTEGER NOT NULL,
     stale INTEGER NOT NULL,
     parent TEXT NOT NULL,
     hash TEXT NOT NULL,
     is_open INTEGER NOT NULL,
     meta TEXT NOT NULL,
     content TEXT NOT NULL,
     UNIQUE (key, version),
     UNIQUE (key, id)
   ) STRICT;
   CREATE TABLE session_summaries (
     key INTEGER NOT NULL,
     epoch INTEGER NOT NULL,
     summary TEXT NOT NULL,
     PRIMARY KEY (key, epoch)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE session_requests (
     key INTEGER NOT NULL,
     request TEXT NOT NULL,
     turn TEXT NOT NULL,
     version INTEGER NOT NULL,
     ends_at INTEGER NOT NULL,
     PRIMARY KEY (key, request)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE session_leases (
     key INTEGER NOT NULL,
     work TEXT NOT NULL,
     holder TEXT NOT NULL,
     ends_at INTEGER NOT NULL,
     PRIMARY KEY (key, work)
   ) STRICT, WITHOUT ROWID;`,
  `CREATE TABLE logs (
     place INTEGER PRIMARY KEY AUTOINCREMENT,
     log TEXT NOT NULL,
     text TEXT NOT NULL,
     expires_at INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX logs_log ON logs (log, place);
   CREATE INDEX logs_expiry ON logs (expires_at);`,
  // Versions are compared often, and the values beside them are large.
  `CREATE INDEX documents_versions ON documents (collection, id, version, expires_at);`,
  // The last writes of each collection, numbered: who follows one reads what has changed, and no more.
  `CREATE TABLE document_writes (
     collection TEXT NOT NULL,
     number INTEGER NOT NULL,
     id TEXT NOT NULL,
     PRIMARY KEY (collection, number)
   ) STRICT, WITHOUT ROWID;`,
  // Who has spoken in conversations that belong to no end user.
  `CREATE TABLE session_users (
     user TEXT NOT NULL,
     key INTEGER NOT NULL,
     PRIMARY KEY (user, key)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX session_users_key ON session_users (key);`,
  // Kept by whoever adds rows or deletes some: to count them is to read the whole table.
  `CREATE TABLE ledger_size (rows INTEGER NOT NULL) STRICT;
   INSERT INTO ledger_size SELECT count(*) FROM ledger;`,
  // Why this life of a conversation began anew.
  `ALTER TABLE sessions ADD COLUMN reset TEXT NOT NULL DEFAULT ''`,
  // And its head when that was found out.
  `ALTER TABLE sessions ADD COLUMN reset_head TEXT NOT NULL DEFAULT ''`,
  // Whoever deletes rows, also by hand: what was counted too often would drive out others.
  `CREATE TRIGGER ledger_gone AFTER DELETE ON ledger BEGIN
     UPDATE ledger_size SET rows = rows - 1;
   END`,
];

/**
 * Opens the file (or memory, without a path), makes its folder, and brings its schema up to date.
 * Throws an `Error` with the path when it can't be opened or was written by a newer gateway.
 */
export function openDatabase(path?: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    if (path !== undefined) mkdirSync(dirname(path), { recursive: true });
    database = new DatabaseSync(path ?? ':memory:', { timeout: BUSY_TIMEOUT_MS });
    database.exec('PRAGMA journal_mode = WAL');
    // Of a log whoever commits has it synced, beside the event loop (`Commits`); without one (some network disks) SQLite does.
    database.exec(`PRAGMA synchronous = ${isLogged(database) ? 'NORMAL' : 'FULL'}`);
    // What is written over leaves no copy in free space, which nobody would find later. It costs no page more.
    database.exec('PRAGMA secure_delete = FAST');
    migrate(database);
    return database;
  } catch (error) {
    database?.close();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`can't use the store ${path ?? 'memory:'}: ${reason}`, { cause: error });
  }
}

const isLogged = (database: DatabaseSync): boolean =>
  database.prepare('PRAGMA journal_mode').get()?.journal_mode === 'wal';

/** The log of a database that is open. Its file is there as long as that is. */
export class WriteAheadLog {
  readonly #path: string;
  #file: Promise<FileHandle> | undefined;

  /** @returns undefined where there is none: in memory, and where the disk can't have one */
  static of(database: DatabaseSync): WriteAheadLog | undefined {
    // Where a link leads: there the log is.
    const path = database.location();
    return path !== null && isLogged(database) ? new WriteAheadLog(path) : undefined;
  }

  private constructor(path: string) {
    this.#path = `${path}-wal`;
  }

  /**
   * Brings what was committed to the disk, in a thread of its own. Through a descriptor of its own too: SQLite holds no lock on
   * the log's file, of which closing one would let go.
   */
  async sync(): Promise<void> {
    this.#file ??= open(this.#path, 'r+');
    try {
      await (await this.#file).datasync();
    } catch (error) {
      // Another time it may be there.
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    // That it could not be opened, whoever wanted it synced was told.
    const handle = await file?.catch(() => undefined);
    await handle?.close();
  }
}

function migrate(database: DatabaseSync): void {
  if (versionOf(database) === SCHEMA_VERSION) return;
  // Asked again inside: of two processes that open a new file, one makes the tables and the other finds them.
  database.exec(`PRAGMA busy_timeout = ${MIGRATION_TIMEOUT_MS}`);
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = versionOf(database);
    if (version > SCHEMA_VERSION) {
      throw new Error(
        `it has schema ${version} and this gateway knows up to ${SCHEMA_VERSION}: ` +
          'run the newer gateway, or give this one another file',
      );
    }
    for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
  database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version);
}
