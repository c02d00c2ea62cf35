import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StoreUnavailable } from '../../contracts/store.ts';
import { Wiping } from './wiping.ts';

interface QueuedWrite {
  run: () => unknown;
  durable: boolean | 'soon';
  resolve: (result: never) => void;
  reject: (error: Error) => void;
}

/** Writes that wait, for a turn of the event loop or for the disk. More means that the disk is stuck. */
const MAX_WAITING = 10_000;

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
  /** Of what it deletes or writes over nothing is to be left in the files. */
  wipes?: boolean;
}

/** What came of a write, for whoever waits for it. */
interface Outcome extends Pick<QueuedWrite, 'durable' | 'reject'> {
  settle(): void;
}

/**
 * Group commit: the writes of one turn of the event loop share a transaction, and all that were committed while the disk was
 * busy share the next sync (0.3 ms on an SSD, 10 ms on a disk). Each is acknowledged after the commit, and what is to be durable
 * after the sync: as with `synchronous = FULL`, but that the event loop goes on meanwhile.
 */
export class Commits {
  readonly #database: DatabaseSync;
  readonly #onOutcome: (error?: StoreUnavailable) => void;
  readonly #sync: (() => Promise<void>) | undefined;
  readonly #wiping: Wiping;
  #queue: QueuedWrite[] = [];
  #waiting = 0;
  /** Committed, and to be acknowledged once they are on the disk. */
  #unsynced: Outcome[] = [];
  #syncing: Promise<void> | undefined;
  /** A sync has failed: what of the log the disk has, nobody knows. */
  #isInDoubt = false;
  #soon: NodeJS.Timeout | undefined;

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
    this.#wiping = new Wiping(database, (error) => onOutcome(asUnavailable(error)));
  }

  /** Runs `write` in the next commit, all of it or nothing; its result once that is done. */
  enqueue<T>(write: () => T, { durable = true, wipes = false }: WriteOptions = {}): Promise<T> {
    if (this.#waiting >= MAX_WAITING) {
      return Promise.reject(new StoreUnavailable('the store has too many writes waiting'));
    }
    this.#waiting++;
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({
        run: wipes ? () => this.#wiping.run(write) : write,
        durable,
        resolve: (result) => {
          this.#waiting--;
          resolve(result);
        },
        reject: (error) => {
          this.#waiting--;
          reject(error);
        },
      });
      if (this.#queue.length === 1) setImmediate(() => this.#commitBatch());
    });
  }

  /** Commits all that waits, now. */
  flush(): void {
    while (this.#queue.length > 0) this.#commitBatch();
  }

  /** Commits all that waits, and waits until the disk has it. */
  async close(): Promise<void> {
    this.flush();
    await this.#syncing;
    if (this.#soon && this.#sync) {
      clearTimeout(this.#soon);
      await this.#bringSoon(this.#sync);
    }
    this.#wiping.close();
  }

  #commitBatch(): void {
    const batch = this.#queue.splice(0, MAX_BATCH);
    if (batch.length === 0) return;
    if (this.#queue.length > 0) setImmediate(() => this.#commitBatch());
    try {
      const outcomes = together(this.#database, batch);
      // A disk that takes no sync is not well, though it takes commits.
      if (!this.#isInDoubt) this.#onOutcome();
      for (const outcome of outcomes) {
        if (this.#sync && outcome.durable === true) this.#unsynced.push(outcome);
        else outcome.settle();
      }
      if (this.#sync && this.#unsynced.length > 0) this.#syncing ??= this.#syncAll(this.#sync);
      else if (this.#sync && batch.some(({ durable }) => durable === 'soon')) this.#syncSoon(this.#sync);
    } catch (error) {
      const unavailable = asUnavailable(error);
      for (const write of batch) write.reject(unavailable);
      this.#onOutcome(unavailable);
    }
  }

  /** One sync after the other: what is committed while one runs has the next. */
  async #syncAll(sync: () => Promise<void>): Promise<void> {
    while (this.#unsynced.length > 0) {
      const those = this.#unsynced.splice(0);
      try {
        await this.#bring(sync);
        for (const { settle } of those) settle();
      } catch (error) {
        const unavailable = asUnavailable(error);
        for (const { reject } of those) reject(unavailable);
        this.#onOutcome(unavailable);
      }
    }
    this.#syncing = undefined;
  }

  #syncSoon(sync: () => Promise<void>): void {
    if (this.#soon) return;
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      void this.#bringSoon(sync);
    }, SYNC_AFTER_MS);
    this.#soon.unref();
  }

  async #bringSoon(sync: () => Promise<void>): Promise<void> {
    try {
      await this.#bring(sync);
    } catch (error) {
      this.#onOutcome(asUnavailable(error));
    }
  }

  /**
   * Brings what was committed to the disk. Where that has failed once, the log has a hole that another sync would not find: then
   * all of it is brought into the database's own file.
   */
  async #bring(sync: () => Promise<void>): Promise<void> {
    try {
      if (this.#isInDoubt) checkpoint(this.#database);
      else await sync();
    } catch (error) {
      this.#isInDoubt = true;
      throw error;
    }
    if (!this.#isInDoubt) return;
    this.#isInDoubt = false;
    this.#onOutcome();
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

/** @throws Error where not all of the log is in the database's file, on the disk */
function checkpoint(database: DatabaseSync): void {
  const { busy, log, checkpointed } = database.prepare('PRAGMA wal_checkpoint(RESTART)').get() ?? {};
  if (busy !== 0 || log !== checkpointed)
    throw new Error('a sync has failed, and others are at work on the log');
}

/** @throws what makes none of them be there */
function together(database: DatabaseSync, batch: readonly QueuedWrite[]): Outcome[] {
  const [first, ...others] = batch;
  if (first && others.length === 0) return [alone(database, first)];
  return transact(database, () => batch.map((write) => attempt(database, write)));
}

/** Without the work, which may hold much: until the disk has it nobody needs it any more. */
const outcomeOf = ({ durable, reject }: QueuedWrite, settle: () => void): Outcome => ({
  durable,
  reject,
  settle,
});

/** One write that fails (say, too big) leaves no trace, and the others of its batch alone. */
function attempt(database: DatabaseSync, write: QueuedWrite): Outcome {
  const { mark, release } = stepsOf(database);
  mark.run();
  try {
    const result = write.run() as never;
    release.run();
    return outcomeOf(write, () => write.resolve(result));
  } catch (error) {
    // A full disk has ended the whole transaction.
    if (database.isTransaction) database.exec('ROLLBACK TO one; RELEASE one');
    return outcomeOf(write, () => write.reject(asUnavailable(error)));
  }
}

/** The same of one that has a transaction to itself. */
function alone(database: DatabaseSync, write: QueuedWrite): Outcome {
  let hasFailed = false;
  try {
    const result = transact(database, () => {
      try {
        return write.run() as never;
      } catch (error) {
        // A full disk has ended the transaction, and fails all that comes.
        hasFailed = database.isTransaction;
        throw error;
      }
    });
    return outcomeOf(write, () => write.resolve(result));
  } catch (error) {
    if (!hasFailed) throw error;
    return outcomeOf(write, () => write.reject(asUnavailable(error)));
  }
}

/** Runs `work` in one transaction; what it throws, and a commit that fails, undo all of it. It waits for no disk. */
export function transact<T>(database: DatabaseSync, work: () => T): T {
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
