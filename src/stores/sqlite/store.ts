import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import type { Budgets } from '../../contracts/budget.ts';
import type { Ledger } from '../../contracts/ledger.ts';
import type { Sessions } from '../../contracts/session.ts';
import type { Counters, Documents, EventLogs, Store, StoreUnavailable } from '../../contracts/store.ts';
import { MemoryCounters } from '../memory/counters.ts';
import { type StoreEvent, Transitions } from '../transitions.ts';
import { SqliteBudgets } from './budgets.ts';
import { asUnavailable, Commits } from './commits.ts';
import { openDatabase, WriteAheadLog } from './database.ts';
import { SqliteDocuments } from './documents.ts';
import { SqliteLedger } from './ledger.ts';
import { SqliteLogs } from './logs.ts';
import { SqliteSessions } from './sessions.ts';
import { CounterSnapshot } from './snapshot.ts';

export interface SqliteStoreOptions {
  /** For people. */
  name: string;
  /** Absolute path of the file. Absent: everything stays in memory and ends with the process. */
  path?: string;
  /** Milliseconds since the epoch. Default `Date.now`. */
  now?: () => number;
  /** `down` when the disk refuses a write, `up` when it takes one again. Counters go on in both. */
  onEvent?: (event: StoreEvent) => void;
  /** When turns of conversations are on the disk: before they are acknowledged (the default), or within a second. */
  sync?: 'everysec' | 'always';
  /** Those of another process, which also keeps them on disk. Absent: this one counts. */
  counters?: Counters;
}

const SNAPSHOT_EVERY_MS = 1000;
const PURGE_EVERY_MS = 30_000;
/** Between two steps of a purge, so that other processes come to write: they try again every few milliseconds. */
const PURGE_PAUSE_MS = 20;

/** The embedded store: documents in SQLite, counters in this process. The constructor throws what `openDatabase` does. */
export class SqliteStore implements Store {
  readonly name: string;
  readonly counters: Counters;
  readonly documents: Documents;
  readonly logs: EventLogs;
  readonly budgets: Budgets;
  readonly ledger: Ledger;
  readonly sessions: Sessions;
  readonly #database: DatabaseSync;
  readonly #commits: Commits;
  readonly #log: WriteAheadLog | undefined;
  readonly #snapshot: CounterSnapshot | undefined;
  readonly #transitions: Transitions;
  readonly #timers: NodeJS.Timeout[];
  #isPurging = false;

  constructor(options: SqliteStoreOptions) {
    const now = options.now ?? Date.now;
    this.name = options.name;
    this.#transitions = new Transitions(options.onEvent);
    this.#database = openDatabase(options.path);
    const log = WriteAheadLog.of(this.#database);
    this.#log = log;
    this.#commits = new Commits(this.#database, (error) => this.#heard(error), log && (() => log.sync()));
    const documents = new SqliteDocuments(this.#database, this.#commits, now);
    const budgets = new SqliteBudgets(this.#database, this.#commits, now);
    const logs = new SqliteLogs(this.#database, this.#commits, now);
    this.documents = documents;
    this.logs = logs;
    this.budgets = budgets;
    this.ledger = new SqliteLedger(this.#database, this.#commits);
    const sessions = new SqliteSessions(this.#database, this.#commits, now, options.sync);
    this.sessions = sessions;
    const counters = new MemoryCounters({ now, journal: options.path !== undefined });
    this.counters = options.counters ?? counters;
    if (options.path !== undefined && options.counters === undefined) {
      this.#snapshot = new CounterSnapshot(this.#database, counters, now);
      this.#snapshot.restore();
    }
    // Neither keeps a process alive that has nothing else to do.
    this.#timers = [
      setInterval(() => this.#guarded(() => this.#snapshot?.write()), SNAPSHOT_EVERY_MS).unref(),
      setInterval(() => void this.#purge([documents, logs, budgets, sessions]), PURGE_EVERY_MS).unref(),
    ];
  }

  async ping(): Promise<void> {
    try {
      this.#database.prepare('SELECT 1').get();
    } catch (error) {
      throw asUnavailable(error);
    }
  }

  async close(): Promise<void> {
    if (!this.#database.isOpen) return;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#commits.close();
    await this.#log?.close();
    if (!this.#database.isOpen) return;
    this.#guarded(() => {
      while (this.#snapshot?.write());
    });
    this.#database.close();
  }

  /** One at a time: of much it takes longer than until the next. */
  async #purge(parts: readonly { purge(): Promise<boolean> }[]): Promise<void> {
    if (this.#isPurging) return;
    this.#isPurging = true;
    this.#guarded(() => this.#snapshot?.purge());
    try {
      for (const part of parts)
        while (this.#database.isOpen && (await part.purge()))
          await pause(PURGE_PAUSE_MS, undefined, { ref: false });
    } catch (error) {
      this.#heard(asUnavailable(error));
    } finally {
      this.#isPurging = false;
    }
  }

  /** Work that nobody waits for: a failure becomes an event, and the next round tries again. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#heard(asUnavailable(error));
    }
  }

  #heard(error?: StoreUnavailable): void {
    // A round that close() overtook says nothing about the disk.
    if (!this.#database.isOpen) return;
    if (error) this.#transitions.down(error);
    else this.#transitions.up();
  }
}
