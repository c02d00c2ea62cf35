import {
  INTERNAL_ERROR,
  INVALID_PARAMS,
  INVALID_REQUEST,
  METHOD_NOT_FOUND,
  type RequestId,
} from '@modelcontextprotocol/server';
import type { FastifyReply } from 'fastify';
import type { HeaderBag } from '../contracts/policy.ts';
import type { GatewayError } from '../errors/gateway-error.ts';
import type { ErrorCode } from '../errors/table.ts';
import type { LiveExchange } from '../record/exchange.ts';

/** SDKs of 2025-11-25 answer so for a session that is not there. */
const SESSION_NOT_FOUND = -32_001;

/** What an error of the gateway is in JSON-RPC, and whether the message as such was well received (HTTP 200). */
const CODES: Partial<Record<ErrorCode, { rpc: number; isReceived?: boolean }>> = {
  mcp_session_unknown: { rpc: SESSION_NOT_FOUND },
  // As servers answer for a tool that they don't have: a client's session is not over because of it.
  mcp_not_allowed: { rpc: INVALID_PARAMS, isReceived: true },
  mcp_tool_quarantined: { rpc: INVALID_PARAMS, isReceived: true },
  mcp_task_unknown: { rpc: INVALID_PARAMS, isReceived: true },
  mcp_state_invalid: { rpc: INVALID_PARAMS, isReceived: true },
  mcp_result_too_large: { rpc: INTERNAL_ERROR, isReceived: true },
  mcp_stream_lost: { rpc: INTERNAL_ERROR, isReceived: true },
  route_not_found: { rpc: METHOD_NOT_FOUND },
};

export interface RpcErrorBody {
  readonly jsonrpc: '2.0';
  readonly id: RequestId | null;
  readonly error: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** An error of the gateway as the answer to a message. */
export function rpcError(error: GatewayError, id: RequestId | null, requestId: string): RpcErrorBody {
  const rpc = CODES[error.code]?.rpc ?? (error.statusCode < 500 ? INVALID_REQUEST : INTERNAL_ERROR);
  const reason = error.code === 'mcp_state_invalid' ? { reason: 'invalid_request_state' } : {};
  const retryAfter = Number(error.headers?.['retry-after']);
  const wait = retryAfter > 0 ? { retry_after: retryAfter } : {};
  const data = { code: error.code, request_id: requestId, ...reason, ...wait };
  return { jsonrpc: '2.0', id, error: { code: rpc, message: error.message, data } };
}

/** Seconds that an error of the gateway's says are to be waited. */
export function retryAfterOf(message: { readonly error?: unknown }): number | undefined {
  const { retry_after: seconds } = ((message.error ?? {}) as { data?: { retry_after?: unknown } }).data ?? {};
  return typeof seconds === 'number' ? seconds : undefined;
}

/** A request that the gateway answers itself; its policies have their say on the headers. */
interface Answered {
  readonly exchange: LiveExchange;
  readonly reply: FastifyReply;
  readonly policies: { responseHeaders(headers: HeaderBag, exchange: LiveExchange): void };
}

/** Answers a message with an error of the gateway. */
export function sendRpcError(error: GatewayError, id: RequestId | null, answered: Answered): void {
  const { exchange } = answered;
  exchange.failWith(error);
  const status = CODES[error.code]?.isReceived ? 200 : error.statusCode;
  sendOwn(answered, status, JSON.stringify(rpcError(error, id, exchange.id)), error.headers);
}

/** @param body JSON, or '' */
export function sendOwn(
  { exchange, reply, policies }: Answered,
  status: number,
  body: string,
  own: HeaderBag = {},
): void {
  const headers: HeaderBag = { ...own, 'cache-control': 'no-store', 'x-request-id': exchange.id };
  if (body !== '') headers['content-type'] = 'application/json';
  policies.responseHeaders(headers, exchange);
  reply.code(status).headers(headers).send(body);
}
