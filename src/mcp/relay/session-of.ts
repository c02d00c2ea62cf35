import { GatewayError } from '../../errors/gateway-error.ts';
import type { UpstreamAnswer } from '../../upstream/call.ts';
import type { McpCall, MessageCall } from '../call.ts';
import type { McpServer } from '../server.ts';
import type { Session } from '../sessions/session-store.ts';

/** The replica whose host has a session; undefined: it is at its server. */
export const hostOf = ({ record: { owner } }: Session): string | undefined =>
  owner === '' ? undefined : owner;

/**
 * The session that a request shows.
 * @throws GatewayError: it shows none, or none that is its sender's. StoreUnavailable
 */
export async function findSession(server: McpServer, call: McpCall): Promise<Session> {
  const id = call.exchange.headers['mcp-session-id'];
  if (typeof id !== 'string') throw new GatewayError('mcp_session_missing');
  const owner = { server: server.name, principal: call.principal };
  const session = await call.ports.sessions.find(id, owner, call.config.session.ttl);
  if (!session) throw new GatewayError('mcp_session_unknown');
  if (call.exchange.mcp) call.exchange.mcp.session = session.digest.slice(0, 12);
  return session;
}

/** The server's session gets one of ours before it, which only who opened it can use. */
export async function openedSession(
  server: McpServer,
  { inbound, principal, ports, config, exchange }: MessageCall,
  { headers, statusCode }: UpstreamAnswer,
): Promise<Record<string, string>> {
  const theirs = headers['mcp-session-id'];
  if (typeof theirs !== 'string' || statusCode >= 400) return {};
  const fields = {
    server: server.name,
    principal,
    initialize: inbound.params,
    upstream: { [server.name]: theirs },
    owner: server.hosted.has(inbound.era) ? ports.replica.id : '',
  };
  const { id, digest } = await ports.sessions.open(fields, config.session.ttl);
  if (exchange.mcp) exchange.mcp.session = digest.slice(0, 12);
  return { 'mcp-session-id': id };
}
