import type { Exchange } from '../../src/contracts/exchange.ts';
import type { NextCall } from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import type { Found, Lookup } from './route-answers.ts';

/** A request on its way through the cache. */
export interface CacheCall extends Lookup {
  readonly exchange: Exchange;
  readonly next: NextCall;
  readonly isAuthorised: boolean;
  /** Nobody waits for it. */
  readonly isBackground?: boolean;
}

/** What asks with credentials is waited for by its like: its answers may be nobody else's where others' are. */
export const flightOf = ({ isAuthorised }: CacheCall, { key }: Pick<Found, 'key'>): string =>
  isAuthorised ? `${key} authorised` : key;

/** Host, path and query as the client asked: what people call an answer when they purge it. */
export const urlOf = ({ headers, path, query }: Exchange): string =>
  `${String(headers.host ?? '').toLowerCase()}${path}${query}`;

export const codeOf = (error: unknown): string => (error instanceof GatewayError ? error.code : 'internal');

/** Whether a failure is that of all who wait for the same fetch. */
export const isShared = (error: unknown): error is GatewayError =>
  error instanceof GatewayError && error.statusCode >= 500 && error.code !== 'client_cancelled';

/** Upstream has failed, though the client gets an answer. */
export function noteStandIn(exchange: Exchange, reason: string): void {
  const { upstream, target, attempts, failedAttempts, started } = exchange;
  exchange.fallback = 'stale';
  if (attempts > failedAttempts.length)
    failedAttempts.push({ upstream, target, reason, endedMs: performance.now() - started });
}
