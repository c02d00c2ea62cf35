import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FetchLike } from '@modelcontextprotocol/client';
import type { HeaderBag } from '../../contracts/policy.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { callUpstream } from '../../upstream/call.ts';
import { CancelSignal } from '../../upstream/signal.ts';
import type { Upstream } from '../../upstream/upstream.ts';
import { rpcError } from '../rpc.ts';
import type { McpServer } from '../server.ts';
import { capped } from './size-cap.ts';

/**
 * Bytes that a message may have at the least: what servers say of themselves and of their tools, too. Results are held to their own
 * size where they go out; here it is about memory.
 */
const LEAST = 1_048_576;

/** What is asked here serves several: whose attempt it is can't be said. */
const NOBODY = {
  consumer: '',
  client: '',
  headers: {},
  upstream: '',
  target: '',
  breaker: '',
  attempts: 0,
} as const;

/** What whoever asks is told beside the answers. */
export interface FetchListener {
  /** @param ticket with which a call ends whose answer is too large for its stream */
  onTooLarge(ticket: string): void;
  /** The server knows the session no more. */
  onForgotten(): void;
}

const UNHEARD: FetchListener = { onTooLarge: () => undefined, onForgotten: () => undefined };

/**
 * `fetch` for the package's client, through the server's own pool: to its origin and nowhere else, without redirects, with
 * the gateway's credentials, and no message that is larger than may be.
 */
export function fetchThrough(
  server: McpServer,
  { onTooLarge, onForgotten }: FetchListener = UNHEARD,
): FetchLike {
  const { config } = server;
  let hasListened = false;
  const upstream = server.upstream as Upstream;
  return async (input, init = {}) => {
    const { pathname, search } = new URL(input);
    const { method = 'GET' } = init;
    const { target, pass } = upstream.enter({ ...NOBODY });
    const headers: HeaderBag = Object.fromEntries(new Headers(init.headers));
    for (const [name, value] of Object.entries(config.headers)) headers[name.toLowerCase()] = value;
    if (config.auth) headers.authorization = `Bearer ${config.auth.token}`;
    headers['accept-encoding'] = 'identity';
    headers.host = target.host;
    const signal = new CancelSignal();
    const abort = (): void => signal.abort(new Error('nobody waits for it any more'));
    if (init.signal?.aborted) abort();
    init.signal?.addEventListener('abort', abort, { once: true });
    const answer = await callUpstream({
      target,
      pass,
      method,
      path: pathname + search,
      headers,
      body: typeof init.body === 'string' ? Buffer.from(init.body) : null,
      signal,
      headersTimeoutMs: config.timeouts.response,
      bodyTimeoutMs: 0,
    });
    if (method === 'GET' && answer.statusCode === 200) hasListened = true;
    // Some that have nothing to listen to say so by 404, in place of 405.
    const isOfSession = headers['mcp-session-id'] !== undefined && (method === 'POST' || hasListened);
    if (isOfSession && answer.statusCode === 404) onForgotten();
    const isStream = String(answer.headers['content-type'] ?? '')
      .toLowerCase()
      .startsWith('text/event-stream');
    const most = Math.max(LEAST, config.results.maxSize * 2);
    const cap = { most, isStream, refusal: () => refusalOf(init.body, onTooLarge) };
    const hasBody = answer.statusCode !== 204 && answer.statusCode !== 304 && answer.statusCode !== 205;
    if (!hasBody) answer.body.resume();
    return new Response(hasBody ? (Readable.toWeb(capped(answer.body, cap)) as ReadableStream) : null, {
      status: answer.statusCode,
      headers: Object.entries(answer.headers).flatMap(([name, value]): [string, string][] =>
        value === undefined ? [] : [[name, String(value)]],
      ),
    });
  };
}

/** The answer to a request whose own is too large: an error that nobody else can say. */
function refusalOf(body: unknown, onTooLarge: (ticket: string) => void): string | undefined {
  const { id, method } =
    typeof body === 'string' ? (JSON.parse(body) as { id?: unknown; method?: unknown }) : {};
  if (id === undefined || method === undefined) return undefined;
  const ticket = randomUUID();
  onTooLarge(ticket);
  const { code, message } = rpcError(new GatewayError('mcp_result_too_large'), null, '').error;
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, data: { ticket } } });
}
