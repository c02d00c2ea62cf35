import { AggregatorRegistry, type Registry } from 'prom-client';
import { type Figures, figuresOf, type MetricsPage } from './metrics.ts';

/** Milliseconds: a process that is killed takes with it what it counted in the last of them. */
const ASK_EVERY_MS = 10_000;

/**
 * One page of metrics for several processes. Counters and histograms are summed, gauges as each of them says
 * (`aggregator`); where it says `first`, what this process has counts. What a process that has ended had counted stays
 * in the sum as last seen, so that no counter goes down.
 */
export class SummedMetrics implements MetricsPage {
  readonly #own: Registry;
  readonly #ask: () => Promise<ReadonlyMap<number, Figures>>;
  readonly #last = new Map<number, Figures>();
  /** Of all that have ended: one after the other, so that none is lost where several end at once. */
  #ended: Promise<Figures> = Promise.resolve([]);
  /** Those whose last figures have come while figures were asked for, of each time that is not over. */
  readonly #knownMeanwhile = new Set<Set<number>>();
  #askedAt = performance.now();
  readonly #timer: NodeJS.Timeout;

  /**
   * @param ask the figures of the other processes, by a number that none has after another; one that is busy may be missing
   * @param everyMs how often they are asked when nobody wants to know
   */
  constructor(
    own: Registry,
    ask: () => Promise<ReadonlyMap<number, Figures>>,
    everyMs: number = ASK_EVERY_MS,
  ) {
    this.#own = own;
    this.#ask = ask;
    this.#timer = setInterval(() => {
      // Whoever reads the page does it as well.
      if (performance.now() - this.#askedAt >= everyMs) void this.#askAll();
    }, everyMs);
    this.#timer.unref();
  }

  get contentType(): string {
    return this.#own.contentType;
  }

  async metrics(): Promise<string> {
    return (await this.#sum()).metrics();
  }

  async getMetricsAsJSON(): Promise<Figures> {
    return figuresOf(await this.#sum());
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** What a process had counted when its work was done. */
  take(id: number, figures: Figures): void {
    for (const known of this.#knownMeanwhile) known.add(id);
    this.#last.set(id, figures);
  }

  /** A process has ended. */
  async ended(id: number): Promise<void> {
    for (const known of this.#knownMeanwhile) known.add(id);
    const last = this.#last.get(id)?.filter(({ type }) => `${type}` !== 'gauge');
    this.#last.delete(id);
    if (last) this.#ended = this.#ended.then((ended) => figuresOf(sum([ended, last])));
    await this.#ended;
  }

  async #sum(): Promise<Registry> {
    await this.#askAll();
    const own = await figuresOf(this.#own);
    // Whoever ends meanwhile is with those that have ended, and no more with the last.
    let known: Promise<Figures>;
    let ended: Figures;
    do {
      known = this.#ended;
      ended = await known;
    } while (known !== this.#ended);
    return sum([own, ended, ...this.#last.values()]);
  }

  async #askAll(): Promise<void> {
    this.#askedAt = performance.now();
    const known = new Set<number>();
    this.#knownMeanwhile.add(known);
    try {
      // Whose figures are in the sum of those that have ended must not be there a second time, nor older ones after the last.
      for (const [id, figures] of await this.#ask()) if (!known.has(id)) this.#last.set(id, figures);
    } finally {
      this.#knownMeanwhile.delete(known);
    }
  }
}

// Its type is of metrics with methods, it needs their figures only.
const sum = (all: readonly Figures[]): Registry =>
  AggregatorRegistry.aggregate(all as unknown as Parameters<typeof AggregatorRegistry.aggregate>[0]);
