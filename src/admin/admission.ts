import type { FastifyRequest } from 'fastify';
import type { AdminRight } from '../config/schema/server.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { isLoopback } from '../lib/loopback.ts';
import { MemoryCounters } from '../stores/memory/counters.ts';
import type { Operator, Operators } from './operators.ts';
import { refuseOtherSites } from './other-sites.ts';

/** Wrong tokens that an address may send within a minute. */
const MAX_WRONG = 10;
const WINDOW_MS = 60_000;

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether a request changes something: then it needs the right to, and leaves an entry in the audit log. */
export const isChange = (request: FastifyRequest): boolean => !READS.has(request.method);

/** Finds out who asks. */
export class Admission {
  readonly #operators: Operators;
  /** Of this process only: a store that is down must not lock the operators out. */
  readonly #wrong: MemoryCounters;

  constructor(operators: Operators, now: () => number = Date.now) {
    this.#operators = operators;
    this.#wrong = new MemoryCounters({ now, maxKeys: 10_000 });
  }

  /** @throws GatewayError 401, 403 or 429 */
  identify(request: FastifyRequest): Operator {
    if (!this.#operators.isAskedFor) {
      // Also where a reload has taken the last token away: the listener stays bound to where it is.
      if (!isLoopback(bare(request.socket.localAddress ?? ''))) throw new GatewayError('auth_token_missing');
      refuseOtherSites(request, { loopbackOnly: true });
      return this.#operators.local;
    }
    const key = request.socket.remoteAddress ?? 'gone';
    const { value, resetMs } = this.#wrong.add(key, 0, WINDOW_MS);
    if (value >= MAX_WRONG) {
      const seconds = Math.max(1, Math.ceil(resetMs / 1000));
      throw new GatewayError('rate_limited', { headers: { 'retry-after': String(seconds) } });
    }
    const token = bearerOf(request.headers.authorization);
    if (token === undefined) throw new GatewayError('auth_token_missing', { headers: CHALLENGE });
    const operator = this.#operators.find(token);
    if (operator) return operator;
    this.#wrong.add(key, 1, WINDOW_MS);
    throw new GatewayError('auth_token_invalid', { headers: CHALLENGE });
  }
}

/** @throws GatewayError 403: the operator lacks the right that the route needs, or a page of another site asks */
export function authorize(request: FastifyRequest, operator: Operator): void {
  if (isChange(request)) refuseOtherSites(request);
  const right: AdminRight = request.routeOptions.config.right ?? (isChange(request) ? 'write' : 'read');
  if (operator.rights.includes(right)) return;
  throw new GatewayError('not_authorized', { detail: `The token lacks the right "${right}".` });
}

const CHALLENGE = { 'www-authenticate': 'Bearer realm="admin"' };

/** RFC 6750, section 2.1. The scheme's name has no case. */
function bearerOf(authorization: string | undefined): string | undefined {
  if (authorization?.slice(0, 7).toLowerCase() !== 'bearer ') return undefined;
  const token = authorization.slice(7).trim();
  return token === '' ? undefined : token;
}

/** An IPv4 address as a dual-stack socket writes it. */
const bare = (address: string): string => address.replace(/^::ffff:/, '');

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Of the admin API: the right a route needs; absent: `read`, or `write` where it changes something. */
    right?: AdminRight;
    /** Of the admin API: changes nothing by itself, whatever its method; what it asks for leaves entries of its own. */
    isConversation?: boolean;
    /** Of the admin API: needs no token. */
    isOpen?: boolean;
  }
}
