import type { SessionRef } from '../contracts/session.ts';
import { Outbox, type OutboxOptions, Undelivered } from '../lib/outbox.ts';

/** Items that wait at most, and how many are delivered at once. */
const MOST = 1000;
const BATCH = 50;

/** An outbox to the store that knows for which sessions something waits in it, and holds none up for another. */
export class SessionOutbox<T extends { readonly ref: SessionRef }> {
  readonly #outbox: Outbox<T>;
  readonly #waiting = new Map<string, number>();

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
          if (!isLeft(at)) for (const { ref } of items) this.#over(ref);
        const failed = outcomes.find((outcome) => outcome.status === 'rejected');
        const left = sessions.flatMap((items, at) => (isLeft(at) ? items : []));
        if (failed) throw new Undelivered(left, failed.reason);
      },
      onFailure,
      onDropped: (item) => {
        this.#over(item.ref);
        onDropped(item);
      },
      everyMs: 20,
      batch: BATCH,
      most: MOST,
    });
  }

  push(item: T): void {
    const key = keyOf(item.ref);
    this.#waiting.set(key, (this.#waiting.get(key) ?? 0) + 1);
    this.#outbox.push(item);
  }

  has(ref: SessionRef): boolean {
    return this.#waiting.size > 0 && this.#waiting.has(keyOf(ref));
  }

  /** Tries at once. False if the store still does not take them. */
  flush(): Promise<boolean> {
    return this.#outbox.flush();
  }

  /** Tries once more. @returns how many items could not be delivered */
  close(): Promise<number> {
    return this.#outbox.close();
  }

  #over(ref: SessionRef): void {
    const key = keyOf(ref);
    const left = (this.#waiting.get(key) ?? 1) - 1;
    if (left > 0) this.#waiting.set(key, left);
    else this.#waiting.delete(key);
  }
}

const keyOf = ({ tenant, session }: SessionRef): string => `${tenant.length} ${tenant}${session}`;
