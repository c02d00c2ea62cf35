import { LATEST_PROTOCOL_VERSION } from '@modelcontextprotocol/server';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { CancelSignal } from '../../upstream/signal.ts';
import type { McpCall } from '../call.ts';
import type { McpServer } from '../server.ts';
import type { Session, SessionStore } from '../sessions/session-store.ts';
import { callServer } from './call-server.ts';
import { readWhole } from './read-whole.ts';

/** Sessions that are being opened once more here: of several requests that notice at once, one does it. */
const opening = new WeakMap<SessionStore, Map<string, Promise<Session>>>();
const ACCEPT = 'application/json, text/event-stream';

/**
 * Opens a session that its server has forgotten once more, as its client opened it. Of several replicas that notice at
 * once one's new session counts, and all go on with it.
 * @returns the session as it is now
 * @throws GatewayError `mcp_session_unknown`: the server takes none, so that the client has to begin anew
 */
export async function reopen(
  server: McpServer,
  call: McpCall,
  session: Session,
  signal: CancelSignal,
): Promise<Session> {
  const { sessions } = call.ports;
  const running = opening.get(sessions) ?? new Map<string, Promise<Session>>();
  opening.set(sessions, running);
  // Whoever came first may have left meanwhile: then it is done here.
  const found = await running.get(session.digest)?.catch(() => undefined);
  if (found) return found;
  const mine = reopenOnce(server, call, session, signal);
  running.set(session.digest, mine);
  try {
    return await mine;
  } finally {
    if (running.get(session.digest) === mine) running.delete(session.digest);
  }
}

async function reopenOnce(
  server: McpServer,
  call: McpCall,
  session: Session,
  signal: CancelSignal,
): Promise<Session> {
  const whose = { server: server.name, principal: call.principal };
  const now = await call.ports.sessions.find(session.id, whose, call.config.session.ttl);
  if (!now) throw new GatewayError('mcp_session_unknown');
  // Somebody has done it since this request looked.
  if (now.record.upstream[server.name] !== session.record.upstream[server.name]) return now;
  const { initialize, owner } = session.record;
  // Where another replica kept it and is gone, it is this one's now.
  const host = owner === '' ? undefined : call.ports.replica.id;
  const revision =
    typeof initialize.protocolVersion === 'string' ? initialize.protocolVersion : LATEST_PROTOCOL_VERSION;
  const headers = { accept: ACCEPT, 'mcp-protocol-version': revision };
  const send = (message: object | undefined, at: string | undefined) =>
    callServer(server, call, {
      host,
      method: message ? 'POST' : 'DELETE',
      body: message && JSON.stringify({ jsonrpc: '2.0', ...message }),
      session: at,
      headers,
      signal,
    });
  const opened = await send({ id: 0, method: 'initialize', params: initialize }, undefined);
  const theirs = opened.headers['mcp-session-id'];
  await readWhole(opened, server.config.results.maxSize);
  if (opened.statusCode >= 300 || typeof theirs !== 'string') throw new GatewayError('mcp_session_unknown');
  const said = await send({ method: 'notifications/initialized' }, theirs);
  await readWhole(said, server.config.results.maxSize);
  const { sessions } = call.ports;
  const upstream = { ...session.record.upstream, [server.name]: theirs };
  const changed = await sessions.change(now, { upstream, owner: host ?? '' }, call.config.session.ttl);
  // Another was faster: this one is nobody's.
  if (changed?.record.upstream[server.name] !== theirs)
    await readWhole(await send(undefined, theirs), server.config.results.maxSize);
  if (!changed) throw new GatewayError('mcp_session_unknown');
  return changed;
}
