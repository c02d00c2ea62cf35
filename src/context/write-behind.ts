import type { CommitOptions, SessionRef, Sessions } from '../contracts/session.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ContextMeters } from './meters.ts';
import type { OperationLog } from './operation-log.ts';
import { SessionOutbox } from './session-outbox.ts';

interface Waiting {
  readonly ref: SessionRef;
  readonly options: CommitOptions;
}

export interface WriteBehindPorts {
  readonly sessions: Pick<Sessions, 'commit' | 'release'>;
  readonly meters: ContextMeters;
  readonly operations: OperationLog;
  readonly log: Logger;
}

/** Behind whatever is there: no session is at this version. */
const ANYWHERE = { mode: 'merge', exact: false, base: -1 } as const;

/**
 * Turns whose answers have reached their clients and that the store did not take: written again and again until it does,
 * each known by its id, so that one that had arrived is not doubled. Lost if the process ends before.
 */
export class WriteBehind {
  readonly #outbox: SessionOutbox<Waiting>;
  readonly #ports: WriteBehindPorts;

  constructor(ports: WriteBehindPorts) {
    const { meters, log } = ports;
    this.#ports = ports;
    this.#outbox = new SessionOutbox({
      deliver: (batch) => this.#deliver(batch),
      onFailure: (error, waiting) =>
        log.warn({ err: error, waiting }, 'turns wait for the store to take them'),
      onDropped: () => {
        meters.operation('write-behind', 'lost');
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
    const { meters, log } = this.#ports;
    const turns = await this.#outbox.close();
    for (let lost = 0; lost < turns; lost++) meters.operation('write-behind', 'lost');
    if (turns > 0) log.error({ turns }, 'turns that were answered are lost: the store is away at the end');
  }

  /** In their order; what was written before one that fails is written again, and is there once all the same. */
  async #deliver(batch: readonly Waiting[]): Promise<void> {
    for (const waiting of batch) await this.#write(waiting);
  }

  /** Who wanted nobody to come between has the answer by now: it is kept behind whoever did. */
  async #write({ ref, options }: Waiting): Promise<void> {
    const { sessions, meters, operations, log } = this.#ports;
    const { turn, key } = options;
    let { kind } = await sessions.commit(ref, { ...options, isRepeat: true });
    if (kind === 'conflict' && options.exact)
      ({ kind } = await sessions.commit(ref, { ...options, ...ANYWHERE }));
    if (kind === 'conflict') await sessions.release(ref, turn.id, key);
    const isLost = kind === 'conflict' && turn.status !== 'failed';
    const outcome = isLost ? 'lost' : kind;
    meters.operation('write-behind', outcome);
    if (kind === 'committed') return;
    const { tenant, session } = ref;
    const { id, model, tokens } = turn;
    operations.note({ op: 'append', tenant, user: '', session, turn: id, model, tokens, outcome });
    if (isLost)
      log.error(
        { tenant, session, turn: id },
        'a turn that was answered is lost: another has answered its request, or brought the same results',
      );
  }
}
