import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionRef } from '../contracts/session.ts';
import { Outbox, type OutboxOptions, Undelivered } from '../lib/outbox.ts';

/** Items that wait at most, and how many are delivered at once. */
const MOST = 1000;
const BATCH = 50;
/** Longest that anybody waits for what waits, in milliseconds. */
const PATIENCE_MS = 2000;

/** An outbox to the store that knows what waits in it of which session, and holds none up for another. */
export class SessionOutbox<T extends { readonly ref: SessionRef }> {
  readonly #outbox: Outbox<T>;
  /** By session; also what is set aside. */
  readonly #waiting = new Map<string, Set<T>>();
  /** What somebody is about to drop. */
  readonly #doomed = new Set<(item: T) => boolean>();
  /** What waits of their sessions, in its order. */
  #aside: readonly T[] = [];

  /** @param options `deliver` is given what waits of one session */
  constructor({
    deliver,
    onFailure,
    onDropped,
  }: Pick<OutboxOptions<T>, 'deliver' | 'onFailure' | 'onDropped'>) {
    this.#outbox = new Outbox({
      deliver: async (batch) => {
        const sessions = [...Map.groupBy(batch, ({ ref }) => keyOf(ref)).values()];
        const outcomes = await Promise.allSettled(sessions.map(deliver));
        const isLeft = (at: number): boolean => outcomes[at]?.status === 'rejected';
        for (const [at, items] of sessions.entries())
          if (!isLeft(at)) for (const item of items) this.#over(item);
        const failed = outcomes.find((outcome) => outcome.status === 'rejected');
        const left = sessions.flatMap((items, at) => (isLeft(at) ? items : []));
        if (failed) throw new Undelivered(left, failed.reason);
      },
      laneOf: ({ ref }) => keyOf(ref),
      onFailure,
      onDropped: (item) => {
        this.#over(item);
        onDropped(item);
      },
      everyMs: 20,
      batch: BATCH,
      most: MOST,
    });
  }

  push(item: T): void {
    const key = keyOf(item.ref);
    const waiting = this.#waiting.get(key);
    if (waiting) waiting.add(item);
    else this.#waiting.set(key, new Set([item]));
    if (this.isDoomed(item)) this.#aside = [...this.#aside, item];
    else this.#outbox.push(item);
  }

  /** Whether somebody is about to drop what waits of an item's session. */
  isDoomed(item: T): boolean {
    const waiting = this.#waiting.get(keyOf(item.ref));
    const isMeant = (is: (item: T) => boolean): boolean => is(item) || waiting?.values().some(is) === true;
    return this.#doomed.values().some(isMeant);
  }

  has(ref: SessionRef): boolean {
    return this.#waiting.size > 0 && this.#waiting.has(keyOf(ref));
  }

  /** Tries at once. False if the store still does not take them. */
  flush(): Promise<boolean> {
    return this.#outbox.flush();
  }

  /** Tries once, now, what waits of this session; nothing else is waited for. False if something waits still. */
  async tried(ref: SessionRef): Promise<boolean> {
    if (this.has(ref))
      await Promise.race([this.#outbox.flushLane(keyOf(ref)), sleep(PATIENCE_MS, undefined, { ref: false })]);
    return !this.has(ref);
  }

  /**
   * Drops all that waits of each session of which something is meant once some work is done, during which nothing of them is
   * delivered: what is on its way comes to its end before. Where the work fails it waits on.
   * @returns what the work came to, and what was dropped
   */
  async dropAfter<Done>(
    isMeant: (item: T) => boolean,
    work: () => Promise<Done>,
  ): Promise<{ readonly done: Done; readonly dropped: readonly T[] }> {
    this.#doomed.add(isMeant);
    try {
      const taken = await this.#outbox.drop(this.#isOf([isMeant]));
      this.#aside = [...taken, ...this.#aside];
      const done = await work();
      const dropped = this.#aside.filter(this.#isOf([isMeant]));
      this.#aside = without(this.#aside, dropped);
      for (const item of dropped) this.#over(item);
      return { done, dropped };
    } finally {
      this.#doomed.delete(isMeant);
      const left = without(this.#aside, this.#aside.filter(this.#isOf(this.#doomed)));
      this.#aside = without(this.#aside, left);
      this.#outbox.putBack(left);
    }
  }

  /** Whether an item is of one of the sessions of which something that waits is meant now. */
  #isOf(meant: Iterable<(item: T) => boolean>): (item: T) => boolean {
    const sessions = new Set<string>();
    for (const isMeant of meant)
      for (const [key, items] of this.#waiting) if (items.values().some(isMeant)) sessions.add(key);
    return ({ ref }) => sessions.has(keyOf(ref));
  }

  /** Tries once more. @returns how many items could not be delivered */
  close(): Promise<number> {
    return this.#outbox.close();
  }

  #over(item: T): void {
    const key = keyOf(item.ref);
    const waiting = this.#waiting.get(key);
    waiting?.delete(item);
    if (waiting?.size === 0) this.#waiting.delete(key);
  }
}

function without<T>(items: readonly T[], gone: readonly T[]): readonly T[] {
  const isGone = new Set(gone);
  return items.filter((item) => !isGone.has(item));
}

const keyOf = ({ tenant, session }: SessionRef): string => `${tenant.length} ${tenant}${session}`;
