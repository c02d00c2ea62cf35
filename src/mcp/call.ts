import type { FastifyReply } from 'fastify';
import type { McpConfig } from '../config/schema/index.ts';
import type { ModelGuard } from '../contracts/guard.ts';
import type { HeaderBag } from '../contracts/policy.ts';
import type { LiveExchange } from '../record/exchange.ts';
import type { Inbound } from './inbound.ts';
import type { McpPorts } from './ports.ts';

/** What of the policies the MCP room calls. */
export interface CallPolicies {
  readonly areGuards: boolean;
  openGuards(exchange: LiveExchange): ModelGuard[];
  upstreamHeaders(headers: HeaderBag, exchange: LiveExchange): void;
  responseHeaders(headers: HeaderBag, exchange: LiveExchange): void;
}

/** One request of a client's HTTP, with all that is needed to serve it. */
export interface McpCall {
  readonly exchange: LiveExchange;
  readonly reply: FastifyReply;
  readonly policies: CallPolicies;
  readonly config: McpConfig;
  readonly ports: McpPorts;
  /** Who asks, as sessions and states are bound to them. */
  readonly principal: string;
}

/** A POST: with a message. */
export interface MessageCall extends McpCall {
  readonly inbound: Inbound;
  /** How often its call has come back with an answer already (2026-07-28); absent: never. */
  readonly round?: number;
}
