import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { HeaderBag } from '../contracts/policy.ts';
import type { CancelSignal } from './signal.ts';
import type { Target } from './target.ts';

export interface UpstreamCall {
  target: Target;
  method: string;
  /** Path and query. */
  path: string;
  headers: HeaderBag;
  body: Buffer | Readable | null;
  signal: CancelSignal;
  /** Milliseconds from the request sent to the response head. */
  headersTimeoutMs: number;
  /** Milliseconds of the longest silence inside the body. */
  bodyTimeoutMs: number;
}

export interface UpstreamAnswer {
  statusCode: number;
  headers: IncomingHttpHeaders;
  body: Readable;
}

export function requestOptions(call: UpstreamCall): Dispatcher.RequestOptions {
  const options: Dispatcher.RequestOptions & { servername?: string } = {
    path: call.path,
    method: call.method as Dispatcher.HttpMethod,
    headers: call.headers as Record<string, string | string[]>,
    body: call.body,
    signal: call.signal,
    headersTimeout: call.headersTimeoutMs,
    bodyTimeout: call.bodyTimeoutMs,
  };
  // undici takes the TLS name from the Host header, which is the client's; the certificate is the target's.
  if (call.target.servername !== '') options.servername = call.target.servername;
  return options;
}

/**
 * One request to one target. No retry, no redirect.
 * @throws what undici throws: see `failure.ts` for what it means
 */
export function callUpstream(call: UpstreamCall): Promise<UpstreamAnswer> {
  return call.target.pool.request(requestOptions(call));
}
