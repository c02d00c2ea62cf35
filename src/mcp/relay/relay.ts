import { hash } from 'node:crypto';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { UpstreamAnswer } from '../../upstream/call.ts';
import { CancelSignal } from '../../upstream/signal.ts';
import { admitRequest, subjectOf } from '../access/admit.ts';
import type { McpCall, MessageCall } from '../call.ts';
import { replicaOfState } from '../hosted/pending-calls.ts';
import type { McpPorts } from '../ports.ts';
import type { McpServer } from '../server.ts';
import type { Session } from '../sessions/session-store.ts';
import { callServer } from './call-server.ts';
import { EventSink } from './event-sink.ts';
import { writePiece } from './events.ts';
import { passAnswer } from './pass-answer.ts';
import { readWhole } from './read-whole.ts';
import { reopen } from './reopen.ts';
import { isOfOtherRevision, mayBeOfRevision } from './revisions.ts';
import { operationOf } from './rewrite.ts';
import { isOurs, resumeStream } from './stream-log.ts';

/** Passes a message to a server that speaks its revision, and the answer back. */
export async function relayMessage(server: McpServer, call: MessageCall): Promise<void> {
  const { inbound, exchange, principal, ports } = call;
  const { method, params } = inbound;
  const subject = subjectOf(method, params)?.name ?? '';
  const { body, state, continues } = await openedState(server, call, subject);
  if (inbound.kind === 'request')
    await admitRequest({ server, exchange, principal, method, params, continues });
  let session = isSessionless(call) ? undefined : await findSession(server, call);
  const { signal, detach } = follow(call);
  const isListening = method === 'subscriptions/listen';
  if (isListening && exchange.mcp) exchange.mcp.isWaiting = true;
  const host = (): string | undefined => {
    if (session) return hostOf(session);
    return server.hosted.has(inbound.era) ? (replicaOfState(state) ?? ports.replica.id) : undefined;
  };
  const ask = (): Promise<UpstreamAnswer> =>
    callServer(server, call, {
      host: host(),
      method: 'POST',
      body,
      session: session?.record.upstream[server.name],
      signal,
      isListening,
      continues,
    });
  let answer = await ask();
  if (
    !session &&
    host() === undefined &&
    mayBeOfRevision(answer.statusCode) &&
    (await isOfOtherRevision(server, inbound.era))
  ) {
    await readWhole(answer, server.config.results.maxSize);
    answer = await ask();
  }
  if (session && answer.statusCode === 404 && server.config.onSessionLost === 'reinitialize') {
    await readWhole(answer, server.config.results.maxSize);
    session = await reopen(server, call, session, signal);
    answer = await ask();
  }
  if (session && answer.statusCode === 404) await ports.sessions.close(session);
  const headers = method === 'initialize' ? await openedSession(server, call, answer) : {};
  await passAnswer(answer, { server, call, subject, session, headers, detach });
}

/** The replica whose host has a session; undefined: it is at its server. */
const hostOf = ({ record: { owner } }: Session): string | undefined => (owner === '' ? undefined : owner);

/** What is said before there is a session, or in the revision that has none. */
const isSessionless = ({ inbound, exchange }: MessageCall): boolean =>
  inbound.era === '2026-07-28' ||
  inbound.method === 'initialize' ||
  // Some servers of the older revision have no sessions: then their clients show none.
  exchange.headers['mcp-session-id'] === undefined;

async function findSession(server: McpServer, call: McpCall): Promise<Session> {
  const id = call.exchange.headers['mcp-session-id'];
  if (typeof id !== 'string') throw new GatewayError('mcp_session_missing');
  const owner = { server: server.name, principal: call.principal };
  const session = await call.ports.sessions.find(id, owner, call.config.session.ttl);
  if (!session) throw new GatewayError('mcp_session_unknown');
  if (call.exchange.mcp) call.exchange.mcp.session = session.digest.slice(0, 12);
  return session;
}

/** The server's session gets one of ours before it, which only who opened it can use. */
async function openedSession(
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

/** The body as it goes on: with the server's own state, which comes beside it, in place of the sealed one. */
async function openedState(
  { name }: McpServer,
  { inbound, ports, principal, config }: MessageCall,
  subject: string,
): Promise<{ body: string; state: string | undefined; continues: boolean }> {
  const { params, message, method, text } = inbound;
  if (params.requestState === undefined) return { body: text, state: undefined, continues: false };
  const owner = { server: name, principal, operation: operationOf({ method, subject }) };
  const requestState = await ports.seal.open(params.requestState, owner, config.stateKey);
  const body = JSON.stringify({ ...message, params: { ...params, requestState } });
  const continues = await isFirstReturn(String(params.requestState), ports, config.session.ttl);
  return { body, state: requestState, continues };
}

/**
 * A call is counted once, in however many rounds it comes to its end: each question may be answered once for that. Who sends a
 * state again calls again, and is counted.
 */
async function isFirstReturn(sealed: string, { counters, log }: McpPorts, ttlMs: number): Promise<boolean> {
  const key = `mcp returns\n${hash('sha256', sealed, 'base64url')}`;
  const once = { key, algorithm: 'fixed-window', limit: 1, burst: 1, windowMs: Math.ceil(ttlMs) } as const;
  try {
    const taken = counters.take('mcp returns', [once], 1);
    return (taken instanceof Promise ? await taken : taken)[0]?.waitMs === 0;
  } catch (error) {
    log.warn({ err: error }, 'whether a call goes on could not be asked: it is counted as one more');
    return false;
  }
}

/** Ends the call to the server when the client leaves, unless its stream is kept for the client's return. */
function follow({ exchange }: McpCall): { signal: CancelSignal; detach(): void } {
  const signal = new CancelSignal();
  const leave = (): void => signal.abort(exchange.cancel.reason as Error);
  exchange.cancel.once('abort', leave);
  return { signal, detach: () => exchange.cancel.off('abort', leave) };
}

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
  if (typeof last === 'string' && isOurs(last)) {
    await resume(call, session, last);
    return;
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
  const body = await readWhole(answer, server.config.results.maxSize);
  const isOver = answer.statusCode < 300 || answer.statusCode === 404;
  if (isOver) await call.ports.sessions.close(session);
  if (call.exchange.mcp) call.exchange.mcp.outcome = isOver ? 'ok' : 'rpc_error';
  call.reply.code(isOver ? 200 : answer.statusCode).header('x-request-id', call.exchange.id);
  call.reply.send(isOver ? '' : body);
}
