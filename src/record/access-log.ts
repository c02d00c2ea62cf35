import type { AiFacts, ContextFacts, Exchange, McpFacts } from '../contracts/exchange.ts';
import { redactQuery } from '../lib/redact-query.ts';
import { IsoTimes, upToThousandths } from '../lib/time-text.ts';

/** Letters, digits and a few signs need no escaping, which is what nearly every field holds. */
function text(value: string): string {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 0x20 || code === 0x22 || code === 0x5c || code > 0x7e) return JSON.stringify(value);
  }
  return `"${value}"`;
}

const number = (value: number, digits: number): string => {
  const factor = 10 ** digits;
  return String(Math.round(value * factor) / factor);
};

const times = new IsoTimes();

/**
 * The access log's line for a request: one flat JSON object, fields in a fixed order, empty ones left out, durations
 * in milliseconds. Written by hand because the fields are known: `JSON.stringify` of the same object costs twice as
 * much, and there is one a request.
 */
export function accessLogLine(exchange: Exchange & { detail?: string }): string {
  let line = `{"time":"${times.of(exchange.startedAt)}","level":"info","msg":"request"`;
  line += `,"request_id":${text(exchange.id)},"trace_id":"${exchange.traceId}"`;
  if (exchange.consumer !== '') line += `,"consumer":${text(exchange.consumer)}`;
  if (exchange.consumerKey !== '') line += `,"consumer_key":${text(exchange.consumerKey)}`;
  if (exchange.purpose !== '')
    line += `,"purpose":"${exchange.purpose}","caused_by":${text(exchange.causedBy)}`;
  line += `,"client":${text(exchange.client)}`;
  if (exchange.route !== '') line += `,"route":${text(exchange.route)}`;
  if (exchange.routeVersion !== '') line += `,"route_version":${text(exchange.routeVersion)}`;
  if (exchange.priority !== '') line += `,"priority":"${exchange.priority}"`;
  if (exchange.deprecated) line += ',"deprecated":true';
  line += `,"method":${text(exchange.method)},"path":${text(exchange.path + redactQuery(exchange.query))}`;
  if (exchange.upstreamPath !== '') line += `,"upstream_path":${text(exchange.upstreamPath)}`;
  line += `,"status":${exchange.status},"reason":${text(exchange.reason)}`;
  if (exchange.grpcStatus >= 0) line += `,"grpc_status":${exchange.grpcStatus}`;
  if (exchange.detail) line += `,"detail":${text(exchange.detail)}`;
  line += `,"bytes_in":${exchange.bytesIn},"bytes_out":${exchange.bytesOut}`;
  line += `,"duration_ms":${upToThousandths(exchange.durationMs)}`;
  if (exchange.queuedMs > 0) line += `,"queued_ms":${number(exchange.queuedMs, 0)}`;
  if (exchange.upstreamMs >= 0) line += `,"upstream_ms":${upToThousandths(exchange.upstreamMs)}`;
  if (exchange.upstream !== '') line += `,"upstream":${text(exchange.upstream)}`;
  if (exchange.variant !== '') line += `,"variant":${text(exchange.variant)}`;
  if (exchange.target !== '') line += `,"target":${text(exchange.target)}`;
  if (exchange.attempts > 0) line += `,"attempts":${exchange.attempts}`;
  if (exchange.failedAttempts.length > 0) {
    const failed = exchange.failedAttempts.map(({ target, reason }) => `${text(`${target} ${reason}`)}`);
    line += `,"failed_attempts":[${failed.join(',')}]`;
  }
  if (exchange.retries > 0) line += `,"retries":${exchange.retries}`;
  if (exchange.retryRefused !== null) line += `,"retry_refused":"${exchange.retryRefused.reason}"`;
  if (exchange.hedge !== '') line += `,"hedge":"${exchange.hedge}"`;
  if (exchange.breaker !== '') line += `,"breaker":"${exchange.breaker}"`;
  if (exchange.fallback !== '') line += `,"fallback":${text(exchange.fallback)}`;
  if (exchange.breaches !== null) {
    const breaches = exchange.breaches.map(({ direction, at }) => text(`${direction} ${at}`));
    line += `,"contract_breaches":[${breaches.join(',')}]`;
  }
  if (exchange.guards !== null) {
    const guards = exchange.guards.map(({ guard, action, direction, rule }) =>
      text(`${guard} ${direction} ${action} ${rule}`),
    );
    line += `,"guards":[${guards.join(',')}]`;
  }
  if (exchange.cache !== '') line += `,"cache":"${exchange.cache}"`;
  if (exchange.cacheAgeMs >= 0) line += `,"cache_age_ms":${number(exchange.cacheAgeMs, 0)}`;
  line += `,"revision":${exchange.revision}`;
  if (exchange.ai !== null) line += aiFields(exchange.ai);
  if (exchange.context !== null) line += contextFields(exchange.context);
  if (exchange.mcp !== null) line += mcpFields(exchange.mcp);
  return `${line}}`;
}

function aiFields(ai: AiFacts): string {
  let fields = `,"model":${text(ai.model)}`;
  if (ai.provider !== '')
    fields += `,"provider":${text(ai.provider)},"upstream_model":${text(ai.upstreamModel)}`;
  if (ai.providerKey !== '') fields += `,"provider_key":${text(ai.providerKey)}`;
  if (ai.version !== '') fields += `,"version":${text(ai.version)}`;
  if (ai.operation !== 'chat') fields += `,"operation":"${ai.operation}"`;
  if (ai.prompt !== '') fields += `,"prompt":${text(ai.prompt)},"prompt_version":"${ai.promptVersion}"`;
  if (ai.repaired) fields += ',"repaired":true';
  fields += `,"stream":${ai.stream}`;
  if (ai.tokensIn >= 0) fields += `,"tokens_in":${ai.tokensIn}`;
  if (ai.tokensOut >= 0) fields += `,"tokens_out":${ai.tokensOut}`;
  if (ai.tokensCached >= 0) fields += `,"tokens_cached":${ai.tokensCached}`;
  if (ai.usd >= 0) fields += `,"usd":${number(ai.usd, 9)}`;
  if (ai.firstTokenMs >= 0) fields += `,"first_token_ms":${upToThousandths(ai.firstTokenMs)}`;
  if (ai.msPerToken >= 0) fields += `,"ms_per_token":${upToThousandths(ai.msPerToken)}`;
  if (ai.longestGapMs >= 0) fields += `,"longest_gap_ms":${upToThousandths(ai.longestGapMs)}`;
  if (ai.confidence >= 0) fields += `,"confidence":${number(ai.confidence, 4)}`;
  if (ai.finishReason !== '') fields += `,"finish_reason":${text(ai.finishReason)}`;
  if (ai.outcome !== '') fields += `,"outcome":"${ai.outcome}"`;
  if (ai.usageSource !== '') fields += `,"usage_source":"${ai.usageSource}"`;
  if (ai.savedUsd >= 0) fields += `,"saved_usd":${number(ai.savedUsd, 9)}`;
  return fields;
}

function contextFields(context: ContextFacts): string {
  let fields = '';
  if (context.session !== '') fields += `,"session":${text(context.session)}`;
  fields += `,"context_status":"${context.status}"`;
  if (context.mode === 'delta') fields += ',"context_mode":"delta"';
  if (context.cause !== '') fields += `,"context_cause":"${context.cause}"`;
  fields += `,"context_base":${context.base}`;
  if (context.version >= 0) fields += `,"context_version":${context.version}`;
  if (context.staleBase) fields += ',"stale_base":true';
  if (context.tokens > 0) fields += `,"context_tokens":${context.tokens}`;
  if (context.readMs > 0) fields += `,"context_read_ms":${upToThousandths(context.readMs)}`;
  if (context.commitMs > 0) fields += `,"context_commit_ms":${upToThousandths(context.commitMs)}`;
  return fields;
}

function mcpFields(mcp: McpFacts): string {
  let fields = `,"mcp_method":${text(mcp.method)}`;
  if (mcp.server !== '') fields += `,"mcp_server":${text(mcp.server)}`;
  if (mcp.tool !== '') fields += `,"mcp_tool":${text(mcp.tool)}`;
  if (mcp.session !== '') fields += `,"mcp_session":"${mcp.session}"`;
  if (mcp.revision !== '') fields += `,"mcp_revision":${text(mcp.revision)}`;
  if (mcp.outcome !== '') fields += `,"mcp_outcome":"${mcp.outcome}"`;
  return fields;
}
