import { ValueType } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type MetricProducer,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import type { Figures, MetricsPage } from './metrics.ts';
import {
  CLOSE_WITHIN_MS,
  exporterOf,
  hrTime,
  logFailures,
  type OtlpOptions,
  resourceOf,
  within,
} from './otlp.ts';

export interface MetricExport {
  /** Sends the last figures, as far as the collector takes them in time. */
  close(): Promise<void>;
}

type Figure = Figures[number];
type HrTime = [seconds: number, nanoseconds: number];

/**
 * Sends what `/metrics` shows by OTLP, every `intervalMs`. Loaded only where an endpoint is configured.
 *
 * @param page what is sent
 */
export function openMetricExport(
  options: OtlpOptions & { intervalMs: number },
  page: Pick<MetricsPage, 'getMetricsAsJSON'>,
): MetricExport {
  logFailures(options.log);
  const startTime = hrTime(Date.now());
  const producer: MetricProducer = {
    async collect() {
      const endTime = hrTime(Date.now());
      const metrics = (await page.getMetricsAsJSON()).flatMap(
        (figure) => metricOf(figure, startTime, endTime) ?? [],
      );
      return {
        resourceMetrics: {
          resource: resourceOf(options),
          scopeMetrics: [{ scope: { name: options.service, version: options.version }, metrics }],
        },
        errors: [],
      };
    },
  };
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(exporterOf(options, 'metrics')),
    exportIntervalMillis: options.intervalMs,
    exportTimeoutMillis: Math.min(options.intervalMs, 10_000),
    metricProducers: [producer],
  });
  reader.setMetricProducer(producer);
  return { close: () => within(CLOSE_WITHIN_MS, reader.shutdown()) };
}

/** Undefined for what OTLP has no form for. */
function metricOf(
  { name, help, type, values }: Figure,
  startTime: HrTime,
  endTime: HrTime,
): MetricData | undefined {
  const base = {
    descriptor: { name, description: help, unit: unitOf(name), valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const point = ({ value, labels }: Figure['values'][number]): DataPoint<number> => ({
    startTime,
    endTime,
    attributes: { ...(labels as Record<string, string>) },
    value,
  });
  switch (`${type}`) {
    case 'counter':
      return { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints: values.map(point) };
    case 'gauge':
      return { ...base, dataPointType: DataPointType.GAUGE, dataPoints: values.map(point) };
    case 'histogram':
      return {
        ...base,
        dataPointType: DataPointType.HISTOGRAM,
        dataPoints: histograms(values, startTime, endTime),
      };
    default:
      return undefined;
  }
}

/** Prometheus counts up to a boundary, OTLP between two. */
function histograms(values: Figure['values'], startTime: HrTime, endTime: HrTime): DataPoint<Histogram>[] {
  const series = new Map<
    string,
    { labels: Record<string, string>; le: [number, number][]; sum: number; count: number }
  >();
  for (const each of values as (Figure['values'][number] & { metricName?: string })[]) {
    const { le, ...labels } = each.labels as Record<string, string | number>;
    const key = JSON.stringify(labels);
    const one = series.get(key) ?? { labels: labels as Record<string, string>, le: [], sum: 0, count: 0 };
    series.set(key, one);
    if (each.metricName?.endsWith('_sum')) one.sum = each.value;
    else if (each.metricName?.endsWith('_count')) one.count = each.value;
    else if (le !== undefined && le !== '+Inf') one.le.push([Number(le), each.value]);
  }
  return [...series.values()].map(({ labels, le, sum, count }) => {
    le.sort(([a], [b]) => a - b);
    const counts = le.map(([, upTo], at) => upTo - (le[at - 1]?.[1] ?? 0));
    counts.push(count - (le.at(-1)?.[1] ?? 0));
    return {
      startTime,
      endTime,
      attributes: labels,
      value: { buckets: { boundaries: le.map(([boundary]) => boundary), counts }, sum, count },
    };
  });
}

/** By the name's ending, as Prometheus has it; UCUM as OpenTelemetry has it. */
function unitOf(name: string): string {
  if (name.endsWith('_seconds') || name.endsWith('_seconds_total')) return 's';
  if (name.endsWith('_bytes')) return 'By';
  return '1';
}
