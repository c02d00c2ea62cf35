import { GatewayError } from '../../errors/gateway-error.ts';
import type { UpstreamAnswer } from '../../upstream/call.ts';
import type { McpCall } from '../call.ts';
import { rpcError, sendOwn } from '../rpc.ts';
import type { McpServer } from '../server.ts';
import type { Session } from '../sessions/session-store.ts';
import { callServer } from './call-server.ts';
import { EventSink } from './event-sink.ts';
import { writePiece } from './events.ts';
import { follow } from './follow.ts';
import { passAnswer } from './pass-answer.ts';
import { readWhole } from './read-whole.ts';
import { reopen } from './reopen.ts';
import { findSession, hostOf } from './session-of.ts';
import { isKnown, isOurs, resumeStream } from './stream-log.ts';

/**
 * Clients try GET to see whether there is a stream to listen on. Where they have no session there is none, neither in
 * 2026-07-28 nor at a server without sessions: 405 tells them so, and they go on.
 */
function refuseWithoutSession({ exchange: { headers } }: McpCall): void {
  if (headers['mcp-session-id'] === undefined && headers['last-event-id'] === undefined)
    throw new GatewayError('method_not_allowed', { headers: { allow: 'POST' } });
}

/** GET: the stream on which a server of 2025-11-25 speaks by itself, or one that is resumed. */
export async function relayListen(server: McpServer, call: McpCall): Promise<void> {
  if (call.exchange.mcp) call.exchange.mcp.isWaiting = true;
  refuseWithoutSession(call);
  let session = await findSession(server, call);
  const last = call.exchange.headers['last-event-id'];
  if (typeof last === 'string') {
    if (isOurs(last)) {
      if (!(await isKnown(call.ports, session, last))) throw noEvent();
      await resume(call, session, last);
      return;
    }
    // Streams of hosts are kept here alone: no event of theirs has another id.
    if (hostOf(session) !== undefined) throw noEvent();
  }
  const { signal } = follow(call);
  const ask = (): Promise<UpstreamAnswer> =>
    callServer(server, call, {
      host: hostOf(session),
      method: 'GET',
      body: undefined,
      session: session.record.upstream[server.name],
      signal,
      isListening: true,
    });
  let answer = await ask();
  if (answer.statusCode === 404 && server.config.onSessionLost === 'reinitialize') {
    await readWhole(answer, server.config.results.maxSize);
    session = await reopen(server, call, session, signal);
    answer = await ask();
  }
  const inbound = {
    message: {} as never,
    text: '',
    kind: 'notification',
    method: '',
    id: null,
    params: {},
    era: '2025-11-25',
    revision: '',
  } as const;
  await passAnswer(answer, {
    server,
    call: { ...call, inbound },
    subject: '',
    session,
    headers: {},
    detach: () => undefined,
  });
}

/** 400, as servers of the SDK answer: 404 would end the session. */
const noEvent = (): GatewayError =>
  new GatewayError('mcp_message_invalid', { detail: 'Last-Event-ID names no event of this session.' });

async function resume(call: McpCall, session: Session, last: string): Promise<void> {
  const sink = new EventSink(call);
  const isOver = (): boolean => sink.isGone;
  try {
    for await (const { id, data } of resumeStream(call.ports, session, last, {
      isOver,
      requestId: call.exchange.id,
    }))
      await sink.write(writePiece({ kind: 'event', id, event: 'message', data }));
    if (call.exchange.mcp) call.exchange.mcp.outcome = 'ok';
  } catch (error) {
    // The client comes back with what it has.
    call.exchange.fail('store_unavailable', error);
  } finally {
    sink.end();
  }
}

/** DELETE: the session is over, here and at the server. */
export async function relayClose(server: McpServer, call: McpCall): Promise<void> {
  refuseWithoutSession(call);
  const session = await findSession(server, call);
  const { signal } = follow(call);
  const at = session.record.upstream[server.name];
  const answer = await callServer(server, call, {
    host: hostOf(session),
    method: 'DELETE',
    body: undefined,
    session: at,
    signal,
  });
  await readWhole(answer, server.config.results.maxSize);
  const isOver = answer.statusCode < 300 || answer.statusCode === 404;
  if (isOver) await call.ports.sessions.close(session);
  if (call.exchange.mcp) call.exchange.mcp.outcome = isOver ? 'ok' : 'rpc_error';
  if (isOver) {
    sendOwn(call, 200, '');
    return;
  }
  const error = new GatewayError('mcp_answer_invalid', { cause: new Error(`status ${answer.statusCode}`) });
  sendOwn(call, answer.statusCode, JSON.stringify(rpcError(error, null, call.exchange.id)));
}
