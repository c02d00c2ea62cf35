export interface OutboxOptions<T> {
  /** Delivers a batch; a failure means that it is sent again, later: of `Undelivered` what that names. */
  deliver(batch: readonly T[]): Promise<void>;
  /** Hears of each failed delivery, and of what was dropped because too much waits. Must not fail. */
  onFailure(error: Error, waiting: number): void;
  onDropped(item: T): void;
  /** Items of one lane go in their order; one that fails holds no other up. Absent: all are of one. */
  laneOf?(item: T): unknown;
  /** Longest that an item waits for others, in milliseconds. */
  everyMs: number;
  /** Most items of one delivery. */
  batch: number;
  /** Most items that wait; beyond it the oldest are dropped, those first that could not be delivered. */
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
 * until they arrive: those of lanes that failed behind all others, in turn. Deliveries must bear repetition.
 */
export class Outbox<T> {
  readonly #options: OutboxOptions<T>;
  #waiting: T[] = [];
  /** Lanes that could not be delivered when they were last tried. */
  #failed: Set<unknown> = new Set();
  /** The batch of the delivery. */
  #underWay: readonly T[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Lanes that failed are to be tried again with the next delivery, where it has room. */
  #areDue = false;
  /** Comes to the lanes that could not be delivered by it. */
  #delivery: Promise<ReadonlySet<unknown>> | undefined;

  constructor(options: OutboxOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.length;
  }

  push(item: T): void {
    if (this.#waiting.length >= this.#options.most) {
      const late = this.#failed.size === 0 ? -1 : this.#waiting.findIndex(this.#isLate);
      const dropped = late > 0 ? this.#waiting.splice(late, 1)[0] : this.#waiting.shift();
      this.#options.onDropped(dropped as T);
    }
    this.#waiting.push(item);
    this.#schedule(this.#options.everyMs);
  }

  /** Delivers what waits in every lane. False if there is one that could not be delivered. */
  async flush(): Promise<boolean> {
    while (this.#delivery || this.#waiting.length > 0)
      if ((await this.#next()).size > 0 && this.#waiting.every(this.#isLate)) return false;
    return true;
  }

  /** Delivers what waits in a lane before all else, and tries no other that is late. False if it could not, tried once. */
  async flushLane(lane: unknown): Promise<boolean> {
    const isOfIt = (item: T): boolean => this.#laneOf(item) === lane;
    // One that was begun before does not count.
    await this.#delivery;
    while (this.#underWay.some(isOfIt) || this.#waiting.some(isOfIt)) {
      // Also while another is under way: the next one takes all that are waited for.
      this.#failed.delete(lane);
      const others = this.#waiting.filter((item) => !isOfIt(item));
      this.#waiting = [...this.#waiting.filter(isOfIt), ...others];
      if ((await this.#next()).has(lane)) return false;
    }
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

  /** Tries once more to deliver what waits, in every lane. @returns how many items could not be delivered */
  async close(): Promise<number> {
    this.#failed.clear();
    await this.flush();
    clearTimeout(this.#timer);
    return this.#waiting.length;
  }

  #schedule(ms: number): void {
    if (this.#timer || this.#delivery) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#areDue = true;
      void this.#next();
    }, ms).unref();
  }

  /** One delivery: that under way, or the next. */
  #next(): Promise<ReadonlySet<unknown>> {
    this.#delivery ??= this.#deliver(this.#take()).then((failed) => {
      this.#delivery = undefined;
      const isLate = failed.size > 0 && this.#waiting.every(this.#isLate);
      if (this.#waiting.length > 0) this.#schedule(isLate ? RETRY_MS : 0);
      return failed;
    });
    return this.#delivery;
  }

  readonly #laneOf = (item: T): unknown => this.#options.laneOf?.(item);

  readonly #isLate = (item: T): boolean => this.#failed.has(this.#laneOf(item));

  /** Of lanes that failed only where no other waits, or they are due: behind all others. */
  #take(): readonly T[] {
    const areDue = this.#areDue;
    this.#areDue = false;
    let most = this.#options.batch;
    if (this.#failed.size > 0) {
      this.#failed = this.#failed.intersection(new Set(this.#waiting.map(this.#laneOf)));
      const fresh = this.#waiting.filter((item) => !this.#isLate(item));
      this.#waiting = [...fresh, ...this.#waiting.filter(this.#isLate)];
      if (!areDue && fresh.length > 0) most = Math.min(most, fresh.length);
    }
    return this.#waiting.splice(0, most);
  }

  /** @returns the lanes of what could not be delivered */
  async #deliver(batch: readonly T[]): Promise<ReadonlySet<unknown>> {
    this.#underWay = batch;
    for (const item of batch) this.#failed.delete(this.#laneOf(item));
    try {
      await this.#options.deliver(batch);
      return new Set();
    } catch (error) {
      const left: readonly T[] = error instanceof Undelivered ? error.items : batch;
      const lanes = new Set(left.map(this.#laneOf));
      for (const lane of lanes) this.#failed.add(lane);
      const isBehind = (item: T): boolean => lanes.has(this.#laneOf(item));
      const others = this.#waiting.filter((item) => !isBehind(item));
      this.#waiting = [...others, ...left, ...this.#waiting.filter(isBehind)];
      this.#options.onFailure(
        error instanceof Error ? error : new Error(String(error)),
        this.#waiting.length,
      );
      return lanes;
    } finally {
      this.#underWay = [];
    }
  }
}
