import type { CommitOptions, SessionRef, Sessions } from '../contracts/session.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ContextMeters } from './meters.ts';
import { SessionOutbox } from './session-outbox.ts';

interface Waiting {
  readonly ref: SessionRef;
  readonly options: CommitOptions;
}

/**
 * Turns whose answers have reached their clients and that the store did not take: written again and again until it does,
 * each known by its id, so that one that had arrived is not doubled. Lost if the process ends before.
 */
export class WriteBehind {
  readonly #outbox: SessionOutbox<Waiting>;
  readonly #sessions: Sessions;
  readonly #meters: ContextMeters;
  readonly #log: Logger;

  constructor(sessions: Sessions, meters: ContextMeters, log: Logger) {
    this.#sessions = sessions;
    this.#meters = meters;
    this.#log = log;
    this.#outbox = new SessionOutbox({
      deliver: (batch) => this.#deliver(batch),
      onFailure: (error, waiting) =>
        log.warn({ err: error, waiting }, 'turns wait for the store to take them'),
      onDropped: () => {
        this.#meters.operation('write-behind', 'lost');
        log.error('a turn that was answered is lost: the store is away for too long');
      },
    });
  }

  push(ref: SessionRef, options: CommitOptions): void {
    this.#outbox.push({ ref, options });
  }

  /** Whether a turn of this session waits: the next one must not be answered without it. */
  has(ref: SessionRef): boolean {
    return this.#outbox.has(ref);
  }

  /** Tries at once. False if the store still does not take them. */
  flush(): Promise<boolean> {
    return this.#outbox.flush();
  }

  /** Tries once more. What the store does not take then is lost, and told. */
  async close(): Promise<void> {
    const turns = await this.#outbox.close();
    for (let lost = 0; lost < turns; lost++) this.#meters.operation('write-behind', 'lost');
    if (turns > 0)
      this.#log.error({ turns }, 'turns that were answered are lost: the store is away at the end');
  }

  /** In their order; what was written before one that fails is written again, and is there once all the same. */
  async #deliver(batch: readonly Waiting[]): Promise<void> {
    for (const { ref, options } of batch) {
      const committed = await this.#sessions.commit(ref, options);
      this.#meters.operation('write-behind', committed.kind);
    }
  }
}
