import type { SignalName } from './marks.ts';

/** Codes of the error table by what they say about whose matter it is. What is not here and below 500 is a client's. */
const ACCESS: ReadonlySet<string> = new Set([
  'auth_key_missing',
  'auth_key_unknown',
  'auth_key_expired',
  'auth_credentials_missing',
  'auth_credentials_wrong',
  'auth_token_missing',
  'auth_token_invalid',
  'auth_certificate_missing',
  'auth_certificate_refused',
  'auth_required',
  'address_denied',
  'not_authorized',
  'cross_site_refused',
  'rate_limited',
  'budget_spent',
]);
/** Neither good nor bad: who asked has left, or the gateway stops. */
const NEITHER: ReadonlySet<string> = new Set([
  'client_cancelled',
  'draining',
  'cache_only_missing',
  // One turn waits for another: it is asked again after Retry-After.
  'conversation_locked',
]);

/** Ends of a model call that look like success and are none. */
const SILENT: ReadonlySet<string> = new Set([
  'empty',
  'truncated',
  'no_finish_reason',
  'tool_call_malformed',
  'schema_failed',
  // Of a tool of an MCP server: the answer is a 200 that says it came to nothing.
  'tool_error',
  'rpc_error',
]);

/** Answered with status 200, as the protocol wants it, and still no matter of the client's. */
const OF_SERVERS: ReadonlySet<string> = new Set([
  'mcp_result_too_large',
  'mcp_stream_lost',
  'mcp_answer_invalid',
  'mcp_process_unavailable',
  'breaker_open',
]);

/**
 * What is bad about how a request ended, as a mark; null: nothing.
 * @param isModel whether it was a call to a model: there an upstream's 401 or 429 is the gateway's own affair
 */
export function judgeEnd(
  status: number,
  reason: string,
  outcome: string,
  isModel: boolean,
): readonly [SignalName, string] | null {
  if (SILENT.has(outcome)) return ['silent', outcome];
  if (reason === 'ok' || NEITHER.has(reason)) return null;
  if (ACCESS.has(reason)) return ['access', reason];
  if (reason === 'loop_stopped') return ['loop', reason];
  if (reason === 'upstream_4xx') {
    if (isModel && (status === 401 || status === 403 || status === 429))
      return ['errors', `upstream_${status}`];
    if (status === 401 || status === 403 || status === 429) return ['access', `upstream_${status}`];
    return ['client', `upstream_${status}`];
  }
  if (reason === 'schema_response') return ['contract', 'schema_response'];
  if (OF_SERVERS.has(reason) || outcome === 'not_given') return ['errors', reason];
  if (status >= 500 || status === 0 || reason.startsWith('upstream_') || reason.startsWith('provider_'))
    return ['errors', reason];
  return ['client', reason];
}
