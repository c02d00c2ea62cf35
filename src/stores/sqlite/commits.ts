import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StoreUnavailable } from '../../contracts/store.ts';

interface QueuedWrite {
  run: () => unknown;
  durable: boolean | 'soon';
  resolve: (result: never) => void;
  reject: (error: Error) => void;
}

/** Writes that wait for one turn of the event loop. More means that the disk is stuck. */
const MAX_QUEUED = 10_000;

/** What is to be durable soon waits so long for more of its kind. */
const SYNC_AFTER_MS = 500;

/** Writes of one commit, so that a burst does not hold the event loop. */
const MAX_BATCH = 256;

export interface WriteOptions {
  /**
   * Whether what was acknowledged must be there after the power failed; default yes. Without it every other process
   * sees it all the same, and a killed process loses nothing. `soon`: a power failure loses a second of it at most.
   */
  durable?: boolean | 'soon';
}

/**
 * Group commit: the writes of one turn of the event loop share a transaction and thereby one sync to disk (0.3 ms on
 * an SSD, 10 ms on a disk), which is the price of `synchronous = FULL`. Each is acknowledged after the commit.
 */
export class Commits {
  readonly #database: DatabaseSync;
  readonly #onOutcome: (error?: StoreUnavailable) => void;
  readonly #sync: (() => Promise<void>) | undefined;
  #queue: QueuedWrite[] = [];
  #syncing: NodeJS.Timeout | undefined;

  /**
   * @param onOutcome hears of each commit: with the error when it failed
   * @param sync brings what was committed to the disk, beside the event loop; absent: there is none
   */
  constructor(
    database: DatabaseSync,
    onOutcome: (error?: StoreUnavailable) => void,
    sync?: () => Promise<void>,
  ) {
    this.#database = database;
    this.#onOutcome = onOutcome;
    this.#sync = sync;
  }

  /** Runs `write` in the next commit, all of it or nothing; its result once that is done. */
  enqueue<T>(write: () => T, { durable = true }: WriteOptions = {}): Promise<T> {
    if (this.#queue.length >= MAX_QUEUED) {
      return Promise.reject(new StoreUnavailable('the store has too many writes waiting'));
    }
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ run: write, durable, resolve, reject });
      if (this.#queue.length === 1) setImmediate(() => this.#commitBatch());
    });
  }

  /** Commits all that waits, now. */
  flush(): void {
    while (this.#queue.length > 0) this.#commitBatch();
  }

  #commitBatch(): void {
    const batch = this.#queue.splice(0, MAX_BATCH);
    if (batch.length === 0) return;
    if (this.#queue.length > 0) setImmediate(() => this.#commitBatch());
    try {
      const work = (): (() => void)[] => batch.map((write) => attempt(this.#database, write));
      const durable = batch.some((write) => write.durable === true);
      const acknowledge = durable ? transact(this.#database, work) : transactUnsynced(this.#database, work);
      for (const settle of acknowledge) settle();
      this.#onOutcome();
      if (!durable && batch.some((write) => write.durable === 'soon')) this.#syncSoon();
    } catch (error) {
      const unavailable = asUnavailable(error);
      for (const write of batch) write.reject(unavailable);
      this.#onOutcome(unavailable);
    }
  }

  #syncSoon(): void {
    const sync = this.#sync;
    if (!sync || this.#syncing) return;
    this.#syncing = setTimeout(() => {
      this.#syncing = undefined;
      sync().catch((error: unknown) => this.#onOutcome(asUnavailable(error)));
    }, SYNC_AFTER_MS);
    this.#syncing.unref();
  }
}

/** What each commit says, prepared once: to read it anew takes longer than to do it. */
interface Steps {
  readonly begin: StatementSync;
  readonly commit: StatementSync;
  readonly mark: StatementSync;
  readonly release: StatementSync;
}

const STEPS = new WeakMap<DatabaseSync, Steps>();

function stepsOf(database: DatabaseSync): Steps {
  const known = STEPS.get(database);
  if (known) return known;
  const steps: Steps = {
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    mark: database.prepare('SAVEPOINT one'),
    release: database.prepare('RELEASE one'),
  };
  STEPS.set(database, steps);
  return steps;
}

/** One write that fails (say, too big) leaves no trace, and the others of its batch alone. */
function attempt(database: DatabaseSync, { run, resolve, reject }: QueuedWrite): () => void {
  const { mark, release } = stepsOf(database);
  mark.run();
  try {
    const result = run() as never;
    release.run();
    return () => resolve(result);
  } catch (error) {
    // A full disk has ended the whole transaction.
    if (database.isTransaction) database.exec('ROLLBACK TO one; RELEASE one');
    return () => reject(asUnavailable(error));
  }
}

/** Runs `work` in one transaction; what it throws, and a commit that fails, undo all of it. */
export function transact<T>(database: DatabaseSync, work: () => T): T {
  setSync(database, 'FULL');
  return inTransaction(database, work);
}

function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  const { begin, commit } = stepsOf(database);
  begin.run();
  try {
    const result = work();
    // A full disk ends the transaction under the statement that met it, and COMMIT then fails here.
    commit.run();
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** The same without waiting for the disk. */
export function transactUnsynced<T>(database: DatabaseSync, work: () => T): T {
  setSync(database, 'NORMAL');
  return inTransaction(database, work);
}

/** How each is opened, see `database.ts`. */
const OPENED_AS = 'FULL';
const SYNCS = new WeakMap<DatabaseSync, 'FULL' | 'NORMAL'>();

/** Mostly it is so already: of a conversation's turns few have another kind of write between them. */
function setSync(database: DatabaseSync, sync: 'FULL' | 'NORMAL'): void {
  if ((SYNCS.get(database) ?? OPENED_AS) === sync) return;
  database.exec(`PRAGMA synchronous = ${sync}`);
  SYNCS.set(database, sync);
}

/** SQLite's error as the contract's. */
export function asUnavailable(error: unknown): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new StoreUnavailable(`the store failed: ${reason}`, { cause: error });
}

/** @throws StoreUnavailable */
export function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw asUnavailable(error);
  }
}
