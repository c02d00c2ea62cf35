import type { AiFacts, Exchange } from '../contracts/exchange.ts';
import type { EndedSpan, SpanValue } from '../contracts/span.ts';
import { redactQuery } from '../lib/redact-query.ts';
import { effectiveStatus } from './effective-status.ts';

type Attributes = Record<string, SpanValue>;

/** What conventions call by other words than the config. */
export interface SpanNames {
  /** The path pattern of a route, by its name; undefined: it is the gateway's own. */
  pathOf(route: string): string | undefined;
  /** The kind of a provider, by its name. */
  kindOf(provider: string): string | undefined;
}

/** Kinds of providers that OpenTelemetry (`gen_ai.provider.name`) spells otherwise. */
const PROVIDERS: Readonly<Record<string, string>> = {
  'azure-openai': 'azure.ai.openai',
  bedrock: 'aws.bedrock',
  gemini: 'gcp.gemini',
  mistral: 'mistral_ai',
  vertex: 'gcp.vertex_ai',
  xai: 'x_ai',
};

/**
 * The span of a request by OpenTelemetry's semantic conventions for HTTP servers and, of calls to models, for generative
 * AI. It holds what the access log holds: no header, no body, the query redacted.
 */
export function spanOf(exchange: Exchange, names: SpanNames): EndedSpan {
  const { reason } = exchange;
  return {
    traceId: exchange.traceId,
    spanId: exchange.spanId,
    parentId: parentOf(exchange),
    name: `${exchange.method}${exchange.route === '' ? '' : ` ${exchange.route}`}`,
    startedAt: exchange.startedAt,
    durationMs: exchange.durationMs,
    attributes: attributesOf(exchange, names),
    // By convention a server's span failed only where the server did.
    error: effectiveStatus(exchange) >= 500 ? reason : '',
    events: exchange.failedAttempts.map((failed) => ({
      name: 'gateway.attempt_failed',
      at: exchange.startedAt + failed.endedMs,
      attributes: {
        'gateway.upstream': failed.upstream,
        'gateway.target': failed.target,
        'error.type': failed.reason,
      },
    })),
  };
}

function attributesOf(exchange: Exchange, names: SpanNames): Attributes {
  const attributes: Attributes = {
    'http.request.method': exchange.method,
    'http.response.status_code': exchange.status,
    'url.path': exchange.path,
    'client.address': exchange.client,
    // With their heads, so none of `http.*.body.size`.
    'http.request.size': exchange.bytesIn,
    'http.response.size': exchange.bytesOut,
    'gateway.request_id': exchange.id,
    'gateway.reason': exchange.reason,
    'gateway.revision': exchange.revision,
    'gateway.attempts': exchange.attempts,
  };
  const set = (name: string, value: string): void => {
    if (value !== '') attributes[name] = value;
  };
  set('http.route', names.pathOf(exchange.route) ?? '');
  set('gateway.route', exchange.route);
  set('url.query', redactQuery(exchange.query).slice(1));
  set('gateway.consumer', exchange.consumer);
  set('gateway.upstream', exchange.upstream);
  set('gateway.target', exchange.target);
  set('gateway.fallback', exchange.fallback);
  set('gateway.breaker', exchange.breaker);
  set('gateway.cache', exchange.cache);
  if (exchange.grpcStatus >= 0) {
    attributes['rpc.system'] = 'grpc';
    attributes['rpc.grpc.status_code'] = exchange.grpcStatus;
  }
  if (effectiveStatus(exchange) >= 500) attributes['error.type'] = exchange.reason;
  if (exchange.ai !== null) Object.assign(attributes, aiAttributes(exchange.ai, names));
  return attributes;
}

function aiAttributes(ai: AiFacts, { kindOf }: SpanNames): Attributes {
  const attributes: Attributes = { 'gen_ai.operation.name': ai.operation, 'gen_ai.request.model': ai.model };
  const kind = kindOf(ai.provider);
  if (kind !== undefined) attributes['gen_ai.provider.name'] = PROVIDERS[kind] ?? kind;
  if (ai.provider !== '') attributes['gateway.ai.provider'] = ai.provider;
  if (ai.upstreamModel !== '') attributes['gen_ai.response.model'] = ai.upstreamModel;
  if (ai.finishReason !== '') attributes['gen_ai.response.finish_reasons'] = [ai.finishReason];
  if (ai.tokensIn >= 0) attributes['gen_ai.usage.input_tokens'] = ai.tokensIn;
  if (ai.tokensOut >= 0) attributes['gen_ai.usage.output_tokens'] = ai.tokensOut;
  if (ai.usd >= 0) attributes['gateway.ai.usd'] = ai.usd;
  if (ai.firstTokenMs >= 0) attributes['gateway.ai.first_token_ms'] = ai.firstTokenMs;
  if (ai.outcome !== '') attributes['gateway.ai.outcome'] = ai.outcome;
  return attributes;
}

/** The caller's span, where the trace was begun elsewhere. */
function parentOf({ headers, traceId }: Exchange): string {
  const { traceparent } = headers;
  return typeof traceparent === 'string' && traceparent.slice(3, 35) === traceId
    ? traceparent.slice(36, 52)
    : '';
}

/** Whether a request's span is sent: as was decided where its trace began. */
export const isSampled = ({ traceFlags }: Exchange): boolean => (Number.parseInt(traceFlags, 16) & 1) === 1;
