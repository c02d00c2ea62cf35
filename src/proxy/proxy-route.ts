import type { IncomingMessage } from 'node:http';
import type { PathRewrite } from '../lib/path-rewrite.ts';
import type { LiveExchange } from '../record/exchange.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Fallback } from './fallback.ts';
import type { Mirror } from './mirror.ts';
import type { RoutePolicies } from './route-policies.ts';

export interface ProxyRoute {
  name: string;
  /** Of the API, as the config names it, or ''. */
  version: string;
  /** Where a request goes; asked once a request. */
  upstreamOf(exchange: LiveExchange): Upstream;
  mirror: Mirror | undefined;
  policies: RoutePolicies;
  /** What stands in for the upstream where it fails; undefined: the error is the answer. */
  fallback: Fallback | undefined;
  /** What the path becomes for the upstream; undefined: it stays. */
  rewrite: PathRewrite | undefined;
  /** Bytes. */
  bodyLimit: number;
  isTrusted(request: IncomingMessage): boolean;
}
