import type { HeaderBag, NextCall, UpstreamRequest, UpstreamResponse } from '../contracts/policy.ts';
import type { LiveExchange } from '../record/exchange.ts';

/** What the policies of a route do to what crosses it. */
export interface RoutePolicies {
  upstreamHeaders(headers: HeaderBag, exchange: LiveExchange): void;
  responseHeaders(headers: HeaderBag, exchange: LiveExchange): void;
  /** Whether one of them stands around the call: then it goes through `aroundCall`. */
  readonly areAroundCall: boolean;
  aroundCall(call: UpstreamRequest, exchange: LiveExchange, last: NextCall): Promise<UpstreamResponse>;
}
