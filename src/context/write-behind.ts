import type { CommitOptions, Committed, SessionRef, Sessions } from '../contracts/session.ts';
import { StoreUnavailable } from '../contracts/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { beginAnew, isBegunAnew, type Whose } from './commit-anew.ts';
import type { ContextMeters } from './meters.ts';
import type { OperationLog } from './operation-log.ts';
import { SessionOutbox } from './session-outbox.ts';
import { type Answered, type Became, tellTurn } from './tell-turn.ts';

interface Waiting {
  readonly ref: SessionRef;
  /** As it goes on from here: where its session begins anew, in that life. */
  options: CommitOptions;
  /** The generation of the life that it was answered in. */
  readonly was: number;
  readonly answered: Answered;
  /** Since when it waits: milliseconds, monotonic; 0 = it is being committed. */
  since: number;
  /** What became of it was told: with others of its session it may be written once more. */
  isTold: boolean;
}

const waitingOf = (ref: SessionRef, options: CommitOptions, answered: Answered): Waiting => ({
  ref,
  options,
  was: options.generation,
  answered,
  since: 0,
  isTold: false,
});

/** A turn that waited, and does no more. */
interface Dropped {
  readonly ref: SessionRef;
  /** Digest of the end user whose it was, ''. */
  readonly owner: string;
}

export interface WriteBehindPorts {
  readonly sessions: Pick<Sessions, 'reserve' | 'commit' | 'renew' | 'release'>;
  readonly meters: ContextMeters;
  readonly operations: OperationLog;
  readonly log: Logger;
}

/** Behind whatever is there: no session is at this version. */
const ANYWHERE = { mode: 'merge', exact: false, base: -1 } as const;

/** Why a turn has no place any more when the store takes it, or is never taken. */
const WHY = {
  conflict: 'another has answered its request, or brought the same results',
  lost: 'the store has lost its conversation, and others have begun that anew and keep it to themselves',
  dropped: 'the store is away for too long',
} as const;

/**
 * Writes turns that were answered. Those that the store does not take when their answers reach their clients it is told again
 * and again until it does, each known by its id, so that one that had arrived is not doubled. Lost if the process ends before.
 */
export class WriteBehind {
  readonly #outbox: SessionOutbox<Waiting>;
  /** Turns that are being committed for the first time, with when that is over. */
  readonly #underWay = new Map<readonly Waiting[], Promise<unknown>>();
  readonly #ports: WriteBehindPorts;

  constructor(ports: WriteBehindPorts) {
    const { log } = ports;
    this.#ports = ports;
    this.#outbox = new SessionOutbox({
      deliver: (batch) => this.#deliver(batch),
      onFailure: (error, waiting) =>
        log.warn({ err: error, waiting }, 'turns wait for the store to take them'),
      onDropped: (waiting) => this.#tell(waiting, { kind: 'lost' }, 'dropped'),
    });
  }

  /**
   * Commits turns at once, each behind the one before it. What becomes of those that wait is told here, once it is known.
   * @returns what became of them, up to the first that has no place; undefined: they wait
   */
  async commit(
    ref: SessionRef,
    turns: readonly CommitOptions[],
    answered: Answered,
  ): Promise<readonly Committed[] | undefined> {
    const waiting = turns.map((options) => waitingOf(ref, options, answered));
    const committing = this.#commit(waiting);
    this.#underWay.set(waiting, committing);
    try {
      return await committing;
    } finally {
      this.#underWay.delete(waiting);
    }
  }

  async #commit(waiting: readonly Waiting[]): Promise<readonly Committed[] | undefined> {
    try {
      const committed = await this.#inTheirOrder(waiting);
      if (committed.at(-1)?.kind !== 'lost') return committed;
      // Somebody has its session erased at this moment: it goes with what waits of it.
      if (waiting.some((each) => this.#outbox.isDoomed(each))) return this.#leave(waiting);
      for (const each of waiting) {
        const kind = await this.#beginAnew(each);
        if (kind === 'lost' && each.options.turn.status !== 'failed') this.#tellLost(each, kind);
        if (kind !== 'begun') return [{ kind }];
      }
      return await this.#inTheirOrder(waiting);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      // The answer is there: it is not withheld because it can't be written down at this moment.
      return this.#leave(waiting);
    }
  }

  #leave(turns: readonly Waiting[]): undefined {
    for (const each of turns) {
      each.since = this.#ports.operations.now();
      this.#outbox.push(each);
    }
  }

  push(ref: SessionRef, options: CommitOptions, answered: Answered): void {
    this.#leave([waitingOf(ref, options, answered)]);
  }

  /** Whether a turn of this session waits: the next one must not be answered without it. */
  has(ref: SessionRef): boolean {
    return this.#outbox.has(ref);
  }

  /**
   * Until nothing of a session waits any more: what is late is not waited for.
   * @throws StoreUnavailable if something does
   */
  async written(ref: SessionRef): Promise<void> {
    if (!(await this.#outbox.tried(ref)))
      throw new StoreUnavailable('a turn of this conversation waits for the store');
  }

  /**
   * What is found in a session: if that is nothing, once more when what waited of it is written.
   * @throws StoreUnavailable if that waits on; what `look` throws
   */
  async found<T>(ref: SessionRef, look: () => Promise<T | undefined>): Promise<T | undefined> {
    const waits = this.has(ref);
    const found = await look();
    if (found !== undefined || !waits) return found;
    await this.written(ref);
    return look();
  }

  /**
   * Erases in the store, and then for good what waits of each session of which a turn is meant: of what the store has lost that
   * would begin it anew. What is being written at this moment comes to its end before: it is in the store then, or waits, too.
   * @param inStore where it fails nothing is dropped
   * @returns what that came to, and the session of each turn that was dropped, with the digest of whose it is
   */
  async erase<Erased>(
    isMeant: (ref: SessionRef, whose: Whose) => boolean,
    inStore: () => Promise<Erased>,
  ): Promise<{ readonly erased: Erased; readonly dropped: readonly Dropped[] }> {
    const isOf = ({ ref, answered }: Waiting): boolean => isMeant(ref, answered);
    const { done, dropped } = await this.#outbox.dropAfter(isOf, async () => {
      await this.#committed(isOf);
      const erased = await inStore();
      // Those that began meanwhile, and may have found nothing there any more.
      await this.#committed(isOf);
      return erased;
    });
    for (const waiting of dropped) this.#tell(waiting, { kind: 'erased' });
    return { erased: done, dropped: dropped.map(({ ref, answered: { owner } }) => ({ ref, owner })) };
  }

  /** Until those are over that are being committed now. */
  async #committed(isMeant: (waiting: Waiting) => boolean): Promise<void> {
    const meant = [...this.#underWay].filter(([turns]) => turns.some(isMeant));
    await Promise.allSettled(meant.map(([, committing]) => committing));
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

  async #inTheirOrder(turns: readonly Waiting[]): Promise<readonly Committed[]> {
    const outcomes: Committed[] = [];
    for (const { ref, options } of turns) {
      const committed = await this.#ports.sessions.commit(ref, options);
      outcomes.push(committed);
      if (committed.kind !== 'committed') break;
    }
    return outcomes;
  }

  async #beginAnew(waiting: Waiting): Promise<'begun' | 'gone' | 'lost'> {
    const anew = await beginAnew(this.#ports.sessions, waiting.ref, waiting.options, waiting.answered);
    if (typeof anew === 'string') return anew;
    waiting.options = anew;
    return 'begun';
  }

  /** In their order; what was written before one that fails is written again, and is there once all the same. */
  async #deliver(batch: readonly Waiting[]): Promise<void> {
    // Lives that are lost: of those that one of its turns has begun anew before this try, too.
    const lost = new Set(batch.flatMap(({ was, options }) => (options.generation === was ? [] : [was])));
    for (const waiting of batch) {
      let outcome = await this.#write(waiting);
      // Once one of its turns has begun another life the store does not say so any more.
      if (outcome.kind === 'lost' || (outcome.kind === 'gone' && isOfLost(waiting, lost))) {
        lost.add(waiting.was);
        const kind = await this.#beginAnew(waiting);
        outcome = kind === 'begun' ? await this.#write(waiting) : { kind };
      }
      this.#tell(waiting, outcome);
    }
  }

  /** Who wanted nobody to come between has the answer by now: it is kept behind whoever did. */
  async #write({ ref, options }: Waiting): Promise<Committed> {
    const { sessions } = this.#ports;
    let committed = await sessions.commit(ref, { ...options, isRepeat: true });
    if (committed.kind === 'conflict' && options.exact)
      committed = await sessions.commit(ref, { ...options, ...ANYWHERE });
    if (committed.kind === 'conflict') await sessions.release(ref, options.turn.id, options.key);
    const isLost = committed.kind === 'gone' && (await isBegunAnew(sessions, ref, options));
    return isLost ? { kind: 'lost' } : committed;
  }

  #tell(waiting: Waiting, became: Became, why: keyof typeof WHY | undefined = whyOf(became)): void {
    if (waiting.isTold) return;
    waiting.isTold = true;
    const { meters, operations } = this.#ports;
    const { ref, options, answered, since } = waiting;
    const { turn } = options;
    const isLost = why !== undefined && turn.status !== 'failed';
    if (isLost) this.#tellLost(waiting, why);
    else meters.operation('write-behind', became.kind);
    const told = isLost ? ({ kind: 'lost' } as const) : became;
    tellTurn(this.#ports, { ref, turn, answered }, told, operations.since(since));
  }

  #tellLost({ ref, options }: Waiting, why: keyof typeof WHY): void {
    const { meters, log } = this.#ports;
    const { tenant, session } = ref;
    meters.operation('write-behind', 'lost');
    log.error({ tenant, session, turn: options.turn.id }, `a turn that was answered is lost: ${WHY[why]}`);
  }
}

const whyOf = ({ kind }: Became): 'conflict' | 'lost' | undefined =>
  kind === 'conflict' || kind === 'lost' ? kind : undefined;

/** Whether it was answered in one of these lives, and has not begun another yet. */
const isOfLost = ({ was, options }: Waiting, lost: ReadonlySet<number>): boolean =>
  lost.has(was) && options.generation === was;
