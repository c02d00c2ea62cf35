import type { LookupFunction } from 'node:net';
import type { GatewayConfig } from '../config/schema/index.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { OnExchange } from './recorder.ts';
import { isSampled, type SpanNames, spanOf } from './span.ts';

/** Sends a span a request to where the configuration says. */
export interface RequestTracing {
  readonly onExchange: OnExchange;
  /** The config whose routes and providers requests are of from now on. */
  use(config: Named): void;
  /** Share of the traces begun here that are sent, from 0 to 1. */
  readonly sample: number;
  close(): Promise<void>;
}

type Named = Pick<GatewayConfig, 'routes' | 'ai'>;

function namesOf({ routes, ai }: Named): SpanNames {
  const paths = new Map(routes.map(({ name, match }) => [name, match.path]));
  const kinds = new Map(Object.entries(ai.providers).map(([name, { kind }]) => [name, kind]));
  return { pathOf: (route) => paths.get(route), kindOf: (provider) => kinds.get(provider) };
}

/** Undefined where nothing is to be sent: then nothing is loaded either. */
export async function traceRequests(
  config: Named & Pick<GatewayConfig, 'telemetry'>,
  { version, log, lookup }: { version: string; log: Logger; lookup: LookupFunction },
): Promise<RequestTracing | undefined> {
  const { otlp } = config.telemetry;
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
  let names = namesOf(config);
  return {
    onExchange: (exchange) => {
      if (isSampled(exchange)) spans.add(spanOf(exchange, names));
    },
    use: (revised) => {
      names = namesOf(revised);
    },
    sample: otlp.sample,
    close: () => spans.close(),
  };
}
