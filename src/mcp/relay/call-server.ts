import { Readable } from 'node:stream';
import type { HeaderBag } from '../../contracts/policy.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { altersIntegers } from '../../lib/exact-json.ts';
import { callUpstream, type UpstreamAnswer } from '../../upstream/call.ts';
import { failureBeforeAnswer } from '../../upstream/failure.ts';
import type { CancelSignal } from '../../upstream/signal.ts';
import type { Upstream } from '../../upstream/upstream.ts';
import type { McpCall, MessageCall } from '../call.ts';
import { askReplica } from '../replicas/ask-replica.ts';
import type { SentPiece } from '../replicas/wire.ts';
import type { McpServer } from '../server.ts';

/** Headers of the protocol that a client's request carries to the server. Nothing else of it goes on, least of all credentials. */
const PASSED: ReadonlySet<string> = new Set(['accept', 'mcp-protocol-version', 'last-event-id']);
/**
 * Of 2026-07-28: what a message is about, and arguments that a server wants in headers, for who routes by them. The method has
 * been held against the body here, the name and the arguments its server has to; the older revision knows no such duty, and
 * they would be whatever a client likes.
 */
const ROUTING: ReadonlySet<string> = new Set(['mcp-method', 'mcp-name']);
const PARAMETER = 'mcp-param-';

export interface ServerCall {
  /** Whose host serves it in the server's place: a replica, this one or another; undefined: the server itself does. */
  readonly host: string | undefined;
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly body: string | undefined;
  /** Of the session at the server. */
  readonly session: string | undefined;
  /** In place of what the client sent. */
  readonly headers?: HeaderBag;
  readonly signal: CancelSignal;
  /** It goes on with a call that was counted already. */
  readonly continues?: boolean;
  /** A stream on which it may be silent for as long as it likes. */
  readonly isListening?: boolean;
}

/**
 * Sends a request to a server.
 * @throws GatewayError: there is no answer, or the breaker is open
 */
export async function callServer(
  server: McpServer,
  call: McpCall,
  asked: ServerCall,
): Promise<UpstreamAnswer> {
  if (asked.host !== undefined) return askHost(server, call, asked, asked.host);
  const { exchange } = call;
  const upstream = server.upstream as Upstream;
  const { target, pass } = upstream.enter(exchange);
  const { response, idle } = server.config.timeouts;
  try {
    return await callUpstream({
      target,
      pass,
      method: asked.method,
      path: server.path,
      headers: headersOf(server, call, asked, target.host),
      body: asked.body === undefined ? null : Buffer.from(asked.body),
      signal: asked.signal,
      headersTimeoutMs: asked.isListening ? 0 : response,
      bodyTimeoutMs: asked.isListening ? 0 : idle,
    });
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    throw new GatewayError(failureBeforeAnswer(error), { cause: error });
  }
}

/** The host answers as a server does that is reached over HTTP. */
async function askHost(
  server: McpServer,
  call: McpCall,
  asked: ServerCall,
  replica: string,
): Promise<UpstreamAnswer> {
  const { exchange, principal, ports } = call;
  // The package's server and client read and write it on the way.
  if (asked.body !== undefined && altersIntegers(asked.body))
    throw new GatewayError('mcp_message_invalid', {
      detail: 'A whole number in it is too large to be carried to this server as it is: send it as text.',
    });
  exchange.attempts++;
  exchange.upstream = server.name;
  const { host: _host, ...given } = headersOf(server, call, asked, '');
  const headers = Object.entries(given).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  if (replica !== ports.replica.id)
    return askOther(server, call, asked, { replica, headers: Object.fromEntries(headers) });
  await ports.replica.listen();
  const gone = new AbortController();
  asked.signal.once('abort', () => gone.abort());
  const request = new Request('http://localhost/', {
    method: asked.method,
    headers,
    signal: gone.signal,
    ...(asked.body !== undefined && { body: asked.body }),
  });
  const body: unknown = asked.body === undefined ? undefined : JSON.parse(asked.body);
  const { consumer, consumerGroups, mcp } = exchange;
  const answer = await server.host().fetch(request, body, {
    principal,
    asker: { consumer, consumerGroups, mcp },
    continues: asked.continues ?? false,
  });
  return {
    statusCode: answer.status,
    headers: Object.fromEntries(answer.headers),
    body: answer.body === null ? Readable.from([]) : Readable.fromWeb(answer.body as never),
  };
}

/** What another replica keeps is done there, wherever the request came in. */
async function askOther(
  { name }: McpServer,
  { exchange, principal, ports }: McpCall,
  { method, body, session, signal, continues = false }: ServerCall,
  { replica, headers }: { replica: string; headers: Record<string, string> },
): Promise<UpstreamAnswer> {
  const { consumer, consumerGroups: groups, mcp } = exchange;
  const onFacts = (facts: SentPiece['facts']): void => {
    if (mcp && facts) Object.assign(mcp, facts);
  };
  const whose = { principal, consumer, groups, mcp, continues };
  const asked = { server: name, method, headers, body: body ?? null, ...whose };
  const answer = await askReplica(replica, asked, { ports: ports.replicas, signal, onFacts });
  if (answer) return answer;
  // A session can be opened anew; what a call that waited has done can't be done again.
  if (session === undefined) throw new GatewayError('mcp_state_invalid');
  return { statusCode: 404, headers: {}, body: Readable.from([]) };
}

function headersOf(
  { config }: McpServer,
  { exchange, policies, inbound }: McpCall & Partial<MessageCall>,
  { body, session, headers: own }: ServerCall,
  host: string,
): HeaderBag {
  const headers: HeaderBag = {};
  const isModern = inbound?.era === '2026-07-28';
  for (const [name, value] of Object.entries(exchange.headers))
    if (PASSED.has(name) || (isModern && (ROUTING.has(name) || name.startsWith(PARAMETER))))
      headers[name] = value;
  headers['x-request-id'] = exchange.id;
  headers.traceparent = `00-${exchange.traceId}-${exchange.spanId}-${exchange.traceFlags}`;
  policies.upstreamHeaders(headers, exchange);
  for (const [name, value] of Object.entries(config.headers)) headers[name.toLowerCase()] = value;
  Object.assign(headers, own);
  if (config.auth) headers.authorization = `Bearer ${config.auth.token}`;
  if (session !== undefined) headers['mcp-session-id'] = session;
  if (body !== undefined) headers['content-type'] = 'application/json';
  // Compressed events could not be read; on the way from a tool there is little to gain.
  headers['accept-encoding'] = 'identity';
  headers.host = host;
  return headers;
}
