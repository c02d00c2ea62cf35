import { GatewayError } from '../../errors/gateway-error.ts';
import type { UpstreamAnswer } from '../../upstream/call.ts';
import { admitRequest, subjectOf } from '../access/admit.ts';
import type { MessageCall } from '../call.ts';
import { replicaOfState } from '../hosted/pending-calls.ts';
import type { McpServer } from '../server.ts';
import { callServer } from './call-server.ts';
import { follow } from './follow.ts';
import { openedState } from './opened-state.ts';
import { passAnswer } from './pass-answer.ts';
import { readWhole } from './read-whole.ts';
import { reopen } from './reopen.ts';
import { isOfOtherRevision, mayBeOfRevision } from './revisions.ts';
import { findSession, hostOf, openedSession } from './session-of.ts';
import { admitTasks } from './tasks.ts';

/** Characters: what it says is kept with its session, here and in the store. */
const LONGEST_INITIALIZE = 65_536;

/** Passes a message to a server that speaks its revision, and the answer back. */
export async function relayMessage(server: McpServer, call: MessageCall): Promise<void> {
  const { inbound, exchange, principal, ports } = call;
  const { method, params } = inbound;
  if (method === 'initialize' && inbound.text.length > LONGEST_INITIALIZE)
    throw new GatewayError('mcp_message_invalid', { detail: 'initialize is too large.' });
  const subject = subjectOf(method, params)?.name ?? '';
  const { body, state, continues, round } = await openedState(server, call, subject);
  if (inbound.kind === 'request') {
    await admitRequest({ server, exchange, principal, method, params, continues });
    await admitTasks(server, call);
  }
  let session = isSessionless(call) ? undefined : await findSession(server, call);
  const { signal, detach, end } = follow(call);
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
  try {
    await passAnswer(answer, { server, call: { ...call, round }, subject, session, headers, detach });
  } finally {
    end();
  }
}

/** What is said before there is a session, or in the revision that has none. */
const isSessionless = ({ inbound, exchange }: MessageCall): boolean =>
  inbound.era === '2026-07-28' ||
  inbound.method === 'initialize' ||
  // Some servers of the older revision have no sessions: then their clients show none.
  exchange.headers['mcp-session-id'] === undefined;
