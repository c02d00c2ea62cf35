import type { CommitOptions, SessionRef, Sessions } from '../contracts/session.ts';
import { Outbox } from '../lib/outbox.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ContextMeters } from './meters.ts';

interface Waiting {
  readonly ref: SessionRef;
  readonly options: CommitOptions;
}

/** Turns that wait at most, and how many are written one after the other. */
const MOST = 1000;
const BATCH = 50;

/**
 * Turns whose answers have reached their clients and that the store did not take: written again and again until it does,
 * each known by its id, so that one that had arrived is not doubled. Lost if the process ends before.
 */
export class WriteBehind {
  readonly #outbox: Outbox<Waiting>;
  readonly #waiting = new Map<string, number>();
  readonly #sessions: Sessions;
  readonly #meters: ContextMeters;

  constructor(sessions: Sessions, meters: ContextMeters, log: Logger) {
    this.#sessions = sessions;
    this.#meters = meters;
    this.#outbox = new Outbox({
      deliver: (batch) => this.#deliver(batch),
      onFailure: (error, waiting) =>
        log.warn({ err: error, waiting }, 'turns wait for the store to take them'),
      onDropped: ({ ref }) => {
        this.#over(ref);
        this.#meters.operation('write-behind', 'lost');
        log.error('a turn that was answered is lost: the store is away for too long');
      },
      everyMs: 20,
      batch: BATCH,
      most: MOST,
    });
  }

  push(ref: SessionRef, options: CommitOptions): void {
    const key = keyOf(ref);
    this.#waiting.set(key, (this.#waiting.get(key) ?? 0) + 1);
    this.#outbox.push({ ref, options });
  }

  /** Whether a turn of this session waits: the next one must not be answered without it. */
  has(ref: SessionRef): boolean {
    return this.#waiting.has(keyOf(ref));
  }

  get size(): number {
    return this.#outbox.size;
  }

  /** Tries at once. False if the store still does not take them. */
  flush(): Promise<boolean> {
    return this.#outbox.flush();
  }

  close(): Promise<number> {
    return this.#outbox.close();
  }

  /** In their order; what was written before one that fails is written again, and is there once all the same. */
  async #deliver(batch: readonly Waiting[]): Promise<void> {
    for (const { ref, options } of batch) {
      const committed = await this.#sessions.commit(ref, options);
      this.#meters.operation('write-behind', committed.kind);
    }
    for (const { ref } of batch) this.#over(ref);
  }

  #over(ref: SessionRef): void {
    const key = keyOf(ref);
    const left = (this.#waiting.get(key) ?? 1) - 1;
    if (left > 0) this.#waiting.set(key, left);
    else this.#waiting.delete(key);
  }
}

const keyOf = ({ tenant, session }: SessionRef): string => `${tenant.length} ${tenant}${session}`;
