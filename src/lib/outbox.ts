export interface OutboxOptions<T> {
  /** Delivers a batch; a failure means that it is sent again, later: of `Undelivered` what that names. */
  deliver(batch: readonly T[]): Promise<void>;
  /** Hears of each failed delivery, and of what was dropped because too much waits. Must not fail. */
  onFailure(error: Error, waiting: number): void;
  onDropped(item: T): void;
  /** Longest that an item waits for others, in milliseconds. */
  everyMs: number;
  /** Most items of one delivery. */
  batch: number;
  /** Most items that wait; beyond it the oldest are dropped. */
  most: number;
}

/** The rest of a batch, of which some was delivered. */
export class Undelivered<T> extends Error {
  readonly items: readonly T[];

  /** @param items in their order */
  constructor(items: readonly T[], cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.items = items;
  }
}

/** Wait after a failed delivery, in milliseconds. */
const RETRY_MS = 500;

/**
 * What must reach a place that is slow or away: items go in batches, in their order, one batch at a time, and again
 * until they arrive. Deliveries must bear repetition.
 */
export class Outbox<T> {
  readonly #options: OutboxOptions<T>;
  #waiting: T[] = [];
  /** The batch of the delivery. */
  #underWay: readonly T[] = [];
  #timer: NodeJS.Timeout | undefined;
  #delivery: Promise<boolean> | undefined;

  constructor(options: OutboxOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.length;
  }

  push(item: T): void {
    if (this.#waiting.length >= this.#options.most) this.#options.onDropped(this.#waiting.shift() as T);
    this.#waiting.push(item);
    this.#schedule(this.#options.everyMs);
  }

  /** Delivers what waits. False if it could not. */
  async flush(): Promise<boolean> {
    while (this.#delivery || this.#waiting.length > 0) if (!(await this.#next())) return false;
    return true;
  }

  /**
   * Takes out what is not to be delivered any more. What is under way comes to its end first: it has arrived then, or is taken
   * out, too.
   * @returns what was taken out
   */
  async drop(isMeant: (item: T) => boolean): Promise<readonly T[]> {
    const dropped: T[] = [];
    for (;;) {
      dropped.push(...this.#waiting.filter(isMeant));
      this.#waiting = this.#waiting.filter((item) => !isMeant(item));
      if (!this.#underWay.some(isMeant)) return dropped;
      await this.#delivery;
    }
  }

  /** What was taken out is to be delivered after all, before what has come since. */
  putBack(items: readonly T[]): void {
    if (items.length === 0) return;
    this.#waiting = [...items, ...this.#waiting];
    this.#schedule(this.#options.everyMs);
  }

  /** Tries once more to deliver what waits. @returns how many items could not be delivered */
  async close(): Promise<number> {
    await this.flush();
    clearTimeout(this.#timer);
    return this.#waiting.length;
  }

  #schedule(ms: number): void {
    if (this.#timer || this.#delivery) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#next();
    }, ms).unref();
  }

  /** One delivery: that under way, or the next. */
  #next(): Promise<boolean> {
    this.#delivery ??= this.#deliver().then((delivered) => {
      this.#delivery = undefined;
      if (this.#waiting.length > 0) this.#schedule(delivered ? 0 : RETRY_MS);
      return delivered;
    });
    return this.#delivery;
  }

  async #deliver(): Promise<boolean> {
    const batch = this.#waiting.splice(0, this.#options.batch);
    this.#underWay = batch;
    try {
      await this.#options.deliver(batch);
      return true;
    } catch (error) {
      const left: readonly T[] = error instanceof Undelivered ? error.items : batch;
      this.#waiting = [...left, ...this.#waiting];
      this.#options.onFailure(
        error instanceof Error ? error : new Error(String(error)),
        this.#waiting.length,
      );
      return false;
    } finally {
      this.#underWay = [];
    }
  }
}
