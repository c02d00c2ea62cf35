import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { GatewayError } from '../errors/gateway-error.ts';
import { grpcFields } from '../errors/grpc.ts';
import type { LiveExchange } from '../record/exchange.ts';

const UNITS_MS: Readonly<Record<string, number>> = {
  H: 3600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
/** What a timer can wait for. */
const LONGEST_MS = 2 ** 31 - 1;

/** Ends a call at its client's deadline, at its upstream too. */
export function keepDeadline(headers: IncomingHttpHeaders, exchange: LiveExchange): void {
  const match = TIMEOUT.exec(String(headers['grpc-timeout'] ?? ''));
  if (match === null) return;
  const ms = Number(match[1]) * (UNITS_MS[match[2] as string] as number);
  if (ms > LONGEST_MS) return;
  const timer = setTimeout(() => exchange.cancel.abort(new GatewayError('deadline_exceeded')), ms);
  exchange.atEnd(() => clearTimeout(timer));
}

/** An answer that is nothing but the reason why there is none (gRPC over HTTP/2, Trailers-Only). */
export function answerGrpcError(error: GatewayError, exchange: LiveExchange, response: ServerResponse): void {
  exchange.failWith(error);
  const status = grpcFields(error);
  exchange.grpcStatus = Number(status['grpc-status']);
  const fields = { 'content-type': 'application/grpc', ...status, 'x-request-id': exchange.id };
  for (const [name, value] of Object.entries(fields)) response.setHeader(name, value);
  response.statusCode = 200;
  // Head and end in one frame: that is what clients know it by.
  response.end();
}
