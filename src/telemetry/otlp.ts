import { randomUUID } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import type { Logger } from './logger.ts';

/** Where traces and metrics go by OTLP over HTTP. */
export interface OtlpOptions {
  /** Base URL of the collector: `/v1/traces` and `/v1/metrics` lie below it. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The gateway's name among the services. */
  readonly service: string;
  readonly version: string;
  readonly log: Logger;
  /** Finds the addresses of the collector's name. */
  readonly lookup: LookupFunction;
}

/** Milliseconds for which one kind of failure is said only once: a collector that is away must not fill the log. */
const SAID_EVERY_MS = 60_000;
/** Milliseconds an export may take. */
export const EXPORT_WITHIN_MS = 10_000;
/** Milliseconds that the last export may hold up the gateway's end. */
export const CLOSE_WITHIN_MS = 2_000;

/** Without it the counters of two gateways, or of one before and after its restart, were one series that jumps. */
const INSTANCE = randomUUID();

export const resourceOf = ({ service, version }: OtlpOptions): Resource =>
  resourceFromAttributes({
    'service.name': service,
    'service.version': version,
    'service.instance.id': INSTANCE,
  });

export const exporterOf = ({ endpoint, headers, lookup }: OtlpOptions, signal: 'traces' | 'metrics') => ({
  url: `${endpoint.replace(/\/+$/, '')}/v1/${signal}`,
  headers: { ...headers },
  timeoutMillis: EXPORT_WITHIN_MS,
  httpAgentOptions: { keepAlive: true, lookup },
});

/** What the exporters complain about goes to the log. They share one logger in a process. */
export function logFailures(log: Logger): void {
  let saidAt = Number.NEGATIVE_INFINITY;
  const say = (message: string): void => {
    if (performance.now() - saidAt < SAID_EVERY_MS) return;
    saidAt = performance.now();
    log.warn({ detail: message.slice(0, 500) }, 'traces or metrics could not be exported');
  };
  const silent = (): void => undefined;
  diag.setLogger(
    { error: say, warn: say, info: silent, debug: silent, verbose: silent },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}

/** Milliseconds as OpenTelemetry has times: seconds, and the rest in nanoseconds. */
export function hrTime(milliseconds: number): [seconds: number, nanoseconds: number] {
  const seconds = Math.floor(milliseconds / 1_000);
  return [seconds, Math.round((milliseconds - seconds * 1_000) * 1e6)];
}

/** Waits for work, but no longer than so many milliseconds. */
export async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  await Promise.race([work, sleep(milliseconds, undefined, { ref: false })]);
}
