import type { FastifyRequest } from 'fastify';
import type { HeaderBag, NextCall, UpstreamRequest, UpstreamResponse } from '../contracts/policy.ts';
import type { PathRewrite } from '../lib/path-rewrite.ts';
import type { LiveExchange } from '../record/exchange.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Mirror } from './mirror.ts';

/** What the policies of a route do to what crosses it. */
export interface RoutePolicies {
  upstreamHeaders(headers: HeaderBag, exchange: LiveExchange): void;
  responseHeaders(headers: HeaderBag, exchange: LiveExchange): void;
  /** Whether one of them stands around the call: then it goes through `aroundCall`. */
  readonly areAroundCall: boolean;
  aroundCall(call: UpstreamRequest, exchange: LiveExchange, last: NextCall): Promise<UpstreamResponse>;
}

export interface ProxyRoute {
  name: string;
  /** Of the API, as the config names it, or ''. */
  version: string;
  /** Where a request goes; asked once a request. */
  upstreamOf(exchange: LiveExchange): Upstream;
  mirror: Mirror | undefined;
  policies: RoutePolicies;
  /** What the path becomes for the upstream; undefined: it stays. */
  rewrite: PathRewrite | undefined;
  /** Bytes. */
  bodyLimit: number;
  isTrusted(request: FastifyRequest): boolean;
}
