import { AggregatorRegistry, type Registry } from 'prom-client';
import { type Figures, figuresOf, type MetricsPage } from './metrics.ts';

/**
 * One page of metrics for several processes. Counters and histograms are summed, gauges as each of them says
 * (`aggregator`); where it says `first`, what this process has counts. What a process that has ended had counted stays
 * in the sum as last seen, so that no counter goes down.
 */
export class SummedMetrics implements MetricsPage {
  readonly #own: Registry;
  readonly #ask: () => Promise<ReadonlyMap<number, Figures>>;
  readonly #last = new Map<number, Figures>();
  #ended: Figures = [];

  /** @param ask the figures of the other processes, by a number that none has after another; one that is busy may be missing */
  constructor(own: Registry, ask: () => Promise<ReadonlyMap<number, Figures>>) {
    this.#own = own;
    this.#ask = ask;
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

  async #sum(): Promise<Registry> {
    for (const [id, figures] of await this.#ask()) this.#last.set(id, figures);
    return sum([await figuresOf(this.#own), this.#ended, ...this.#last.values()]);
  }

  /** A process has ended. */
  async ended(id: number): Promise<void> {
    const last = this.#last.get(id)?.filter(({ type }) => `${type}` !== 'gauge');
    this.#last.delete(id);
    if (last) this.#ended = await figuresOf(sum([this.#ended, last]));
  }
}

// Its type is of metrics with methods, it needs their figures only.
const sum = (all: readonly Figures[]): Registry =>
  AggregatorRegistry.aggregate(all as unknown as Parameters<typeof AggregatorRegistry.aggregate>[0]);
