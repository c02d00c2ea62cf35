import { Readable } from 'node:stream';
import type { FetchLike } from '@modelcontextprotocol/client';
import type { HeaderBag } from '../../contracts/policy.ts';
import { callUpstream } from '../../upstream/call.ts';
import { CancelSignal } from '../../upstream/signal.ts';
import type { Upstream } from '../../upstream/upstream.ts';
import type { McpServer } from '../server.ts';

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

/**
 * `fetch` for the package's client, through the server's own pool: to its origin and nowhere else, without redirects, with
 * the gateway's credentials.
 */
export function fetchThrough(server: McpServer): FetchLike {
  const { config } = server;
  const upstream = server.upstream as Upstream;
  return async (input, init = {}) => {
    const { pathname, search } = new URL(input);
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
      method: init.method ?? 'GET',
      path: pathname + search,
      headers,
      body: typeof init.body === 'string' ? Buffer.from(init.body) : null,
      signal,
      headersTimeoutMs: config.timeouts.response,
      bodyTimeoutMs: 0,
    });
    const hasBody = answer.statusCode !== 204 && answer.statusCode !== 304 && answer.statusCode !== 205;
    if (!hasBody) answer.body.resume();
    return new Response(hasBody ? (Readable.toWeb(answer.body) as ReadableStream) : null, {
      status: answer.statusCode,
      headers: Object.entries(answer.headers).flatMap(([name, value]): [string, string][] =>
        value === undefined ? [] : [[name, String(value)]],
      ),
    });
  };
}
