// The one module that knows the Prometheus client, so that its successor is one line here.
import {
  type CounterConfiguration,
  collectDefaultMetrics,
  Gauge,
  type HistogramConfiguration,
  type LabelValues,
  Counter as PromCounter,
  Histogram as PromHistogram,
  Registry,
} from 'prom-client';
import { SeriesKeys } from './series-keys.ts';

export { Gauge, Registry };

/** Of the client's own: what it has counted, by the key of the series. */
interface Counted<S> {
  readonly hashMap: Readonly<Record<string, S | undefined>>;
}

/** As the client's. It does not make the key of a series anew for each call, which is most of what one costs. */
export class Counter<T extends string = string> extends PromCounter<T> {
  readonly #keys: SeriesKeys;

  constructor(configuration: CounterConfiguration<T>) {
    super(configuration);
    const keys = new SeriesKeys(configuration.labelNames ?? []);
    const counted = this as unknown as Counted<{ value: number }>;
    // The client has it as a property of each counter.
    const first = this.inc as (labels: unknown, value?: number) => void;
    this.inc = (labels?: unknown, value: number | undefined = 1): void => {
      const key = value >= 0 && Number.isFinite(value) ? keys.of(labels) : undefined;
      const series = key === undefined ? undefined : counted.hashMap[key];
      if (series) series.value += value;
      else first.call(this, labels, value);
    };
    this.#keys = keys;
  }

  /**
   * As `inc`, without an object of labels.
   * @param value at least 0
   * @param a the labels' values, in the order of `labelNames`; a metric of more than five has `inc`
   */
  add(value: number, a: string, b?: string, c?: string, d?: string, e?: string): void {
    const key = value >= 0 && Number.isFinite(value) ? this.#keys.at(a, b, c, d, e) : undefined;
    const series =
      key === undefined ? undefined : (this as unknown as Counted<{ value: number }>).hashMap[key];
    if (series) series.value += value;
    else this.inc(this.#keys.labelled([a, b, c, d, e]) as LabelValues<T>, value);
  }
}

/** What a histogram of the client's has counted in one series. */
interface Observed {
  sum: number;
  count: number;
  readonly bucketValues: Record<string, number>;
}

/** As the client's, and as the counter above. */
export class Histogram<T extends string = string> extends PromHistogram<T> {
  readonly #keys: SeriesKeys;
  readonly #bounds: readonly number[];
  readonly #buckets: readonly string[];

  constructor(configuration: HistogramConfiguration<T>) {
    super(configuration);
    const keys = new SeriesKeys(configuration.labelNames ?? []);
    const counted = this as unknown as Counted<Observed>;
    const { upperBounds } = this as unknown as { readonly upperBounds: readonly number[] };
    this.#keys = keys;
    this.#bounds = upperBounds;
    this.#buckets = upperBounds.map(String);
    const first = this.observe as (labels: unknown, value?: number) => void;
    this.observe = (labels?: unknown, value?: number): void => {
      const key = Number.isFinite(value) ? keys.of(labels) : undefined;
      const series = key === undefined ? undefined : counted.hashMap[key];
      if (series) this.#count(series, value as number);
      else first.call(this, labels, value);
    };
  }

  /** As `observe`, without an object of labels: see the counter. */
  add(value: number, a: string, b?: string, c?: string, d?: string, e?: string): void {
    const key = Number.isFinite(value) ? this.#keys.at(a, b, c, d, e) : undefined;
    const series = key === undefined ? undefined : (this as unknown as Counted<Observed>).hashMap[key];
    if (series) this.#count(series, value);
    else this.observe(this.#keys.labelled([a, b, c, d, e]) as LabelValues<T>, value);
  }

  #count(series: Observed, value: number): void {
    series.sum += value;
    series.count++;
    const bounds = this.#bounds;
    let at = 0;
    while (value > (bounds[at] ?? Number.POSITIVE_INFINITY)) at++;
    const name = this.#buckets[at];
    if (name !== undefined) series.bucketValues[name] = (series.bucketValues[name] ?? 0) + 1;
  }
}

/** Seconds. OpenTelemetry's advice for http.server.request.duration, with finer steps below for a proxy's own work. */
export const DURATION_BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];
/** Seconds. OpenTelemetry's advice for gen_ai.client.operation.duration. */
export const AI_DURATION_BUCKETS = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
/** Seconds. OpenTelemetry's advice for mcp.server.operation.duration. */
export const MCP_DURATION_BUCKETS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];
/** Seconds. OpenTelemetry's advice for gen_ai.server.time_per_output_token. */
export const TIME_PER_TOKEN_BUCKETS = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
/** Tokens. OpenTelemetry's advice for gen_ai.client.token.usage. */
export const TOKEN_BUCKETS = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304];

/** What a scraper reads. */
export interface MetricsPage {
  readonly contentType: string;
  metrics(): Promise<string>;
  getMetricsAsJSON(): Promise<Figures>;
}

/** What a registry says, as plain data that another process can be sent. */
export type Figures = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

export const figuresOf = (registry: Registry): Promise<Figures> => registry.getMetricsAsJSON();

/** A registry of its own: two gateways in one process (tests) don't share figures. */
export function openMetrics(options: { process: boolean }): Registry {
  const registry = new Registry();
  if (!options.process) return registry;
  collectDefaultMetrics({ register: registry });
  // Of several processes the client leaves it out; that of the first is when the gateway began.
  const began = registry.getSingleMetric('process_start_time_seconds');
  if (began) Object.assign(began, { aggregator: 'min' });
  return registry;
}
