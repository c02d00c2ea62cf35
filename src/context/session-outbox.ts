import type { SessionRef } from '../contracts/session.ts';
import { Outbox, type OutboxOptions } from '../lib/outbox.ts';

/** Items that wait at most, and how many are delivered at once. */
const MOST = 1000;
const BATCH = 50;

/** An outbox to the store that knows for which sessions something waits in it. */
export class SessionOutbox<T extends { readonly ref: SessionRef }> {
  readonly #outbox: Outbox<T>;
  readonly #waiting = new Map<string, number>();

  constructor({
    deliver,
    onFailure,
    onDropped,
  }: Pick<OutboxOptions<T>, 'deliver' | 'onFailure' | 'onDropped'>) {
    this.#outbox = new Outbox({
      deliver: async (batch) => {
        await deliver(batch);
        for (const { ref } of batch) this.#over(ref);
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
