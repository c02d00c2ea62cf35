import { type SpanContext, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';
import type { EndedSpan } from '../contracts/span.ts';
import {
  CLOSE_WITHIN_MS,
  EXPORT_WITHIN_MS,
  exporterOf,
  hrTime,
  logFailures,
  type OtlpOptions,
  resourceOf,
  within,
} from './otlp.ts';

/** Spans that wait to be sent. Beyond it they are dropped. */
const MOST_WAITING = 4_096;
const BATCH = 512;

/** Sends spans in batches, off the request path. */
export interface TraceExport {
  add(span: EndedSpan): void;
  /** Sends what waits, as far as the collector takes it in time. */
  close(): Promise<void>;
}

/** Loaded only where an endpoint is configured. */
export function openTraceExport(options: OtlpOptions): TraceExport {
  logFailures(options.log);
  const processor = new BatchSpanProcessor({
    exporter: new OTLPTraceExporter(exporterOf(options, 'traces')),
    maxQueueSize: MOST_WAITING,
    maxExportBatchSize: BATCH,
    exportTimeoutMillis: EXPORT_WITHIN_MS,
  });
  const resource = resourceOf(options);
  const scope = { name: options.service, version: options.version };
  return {
    add(span) {
      const endedAt = span.startedAt + span.durationMs;
      processor.onEnd({
        name: span.name,
        kind: SpanKind.SERVER,
        spanContext: () => contextOf(span.traceId, span.spanId),
        ...(span.parentId === ''
          ? {}
          : { parentSpanContext: { ...contextOf(span.traceId, span.parentId), isRemote: true } }),
        startTime: hrTime(span.startedAt),
        endTime: hrTime(endedAt),
        duration: hrTime(span.durationMs),
        ended: true,
        status:
          span.error === ''
            ? { code: SpanStatusCode.UNSET }
            : { code: SpanStatusCode.ERROR, message: span.error },
        attributes: span.attributes as Record<string, string | number | boolean | string[]>,
        links: [],
        events: span.events.map(({ name, at, attributes }) => ({
          name,
          time: hrTime(at),
          attributes: attributes as Record<string, string | number | boolean | string[]>,
          droppedAttributesCount: 0,
        })),
        resource,
        instrumentationScope: scope,
        droppedAttributesCount: 0,
        droppedEventsCount: 0,
        droppedLinksCount: 0,
      });
    },
    close: () => within(CLOSE_WITHIN_MS, processor.shutdown()),
  };
}

const contextOf = (traceId: string, spanId: string): SpanContext => ({ traceId, spanId, traceFlags: 1 });
