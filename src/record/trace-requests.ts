import type { LookupFunction } from 'node:net';
import type { GatewayConfig } from '../config/schema/index.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { OnExchange } from './recorder.ts';
import { isSampled, spanOf } from './span.ts';

/** Sends a span a request to where the configuration says. */
export interface RequestTracing {
  readonly onExchange: OnExchange;
  /** Share of the traces begun here that are sent, from 0 to 1. */
  readonly sample: number;
  close(): Promise<void>;
}

/** Undefined where nothing is to be sent: then nothing is loaded either. */
export async function traceRequests(
  { otlp }: GatewayConfig['telemetry'],
  { version, log, lookup }: { version: string; log: Logger; lookup: LookupFunction },
): Promise<RequestTracing | undefined> {
  if (otlp.endpoint === '' || !otlp.traces) return undefined;
  const { openTraceExport } = await import('../telemetry/trace-export.ts');
  const spans = openTraceExport({
    endpoint: otlp.endpoint,
    headers: otlp.credentials,
    service: otlp.service,
    version,
    log,
    lookup,
  });
  return {
    onExchange: (exchange) => {
      if (isSampled(exchange)) spans.add(spanOf(exchange));
    },
    sample: otlp.sample,
    close: () => spans.close(),
  };
}
