import type { SessionRef } from '../contracts/session.ts';
import { Outbox, type OutboxOptions, Undelivered } from '../lib/outbox.ts';

/** Items that wait at most, and how many are delivered at once. */
const MOST = 1000;
const BATCH = 50;

/** An outbox to the store that knows what waits in it of which session, and holds none up for another. */
export class SessionOutbox<T extends { readonly ref: SessionRef }> {
  readonly #outbox: Outbox<T>;
  readonly #waiting = new Map<string, Set<T>>();

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
    this.#outbox.push(item);
  }

  has(ref: SessionRef): boolean {
    return this.#waiting.size > 0 && this.#waiting.has(keyOf(ref));
  }

  /** Tries at once. False if the store still does not take them. */
  flush(): Promise<boolean> {
    return this.#outbox.flush();
  }

  /**
   * Takes out all that waits of each session of which something is meant. What is being delivered comes to its end first.
   * @returns what was taken out
   */
  async drop(isMeant: (item: T) => boolean): Promise<readonly T[]> {
    const sessions = new Set<string>();
    for (const [key, items] of this.#waiting) if (items.values().some(isMeant)) sessions.add(key);
    if (sessions.size === 0) return [];
    const dropped = await this.#outbox.drop(({ ref }) => sessions.has(keyOf(ref)));
    for (const item of dropped) this.#over(item);
    return dropped;
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

const keyOf = ({ tenant, session }: SessionRef): string => `${tenant.length} ${tenant}${session}`;
