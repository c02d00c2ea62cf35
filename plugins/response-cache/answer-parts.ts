import { Readable } from 'node:stream';
import type { UpstreamRequest, UpstreamResponse } from '../../src/contracts/policy.ts';

// What the cache changes of an answer, and reads from its head.

/** With how it came about, for whoever looks for it (RFC 9211). */
export function marked(response: UpstreamResponse, detail: string): UpstreamResponse {
  const before = response.headers['cache-status'];
  const mine = `hypercare; ${detail}`;
  return {
    ...response,
    headers: {
      ...response.headers,
      'cache-status': before === undefined ? mine : `${String(before)}, ${mine}`,
    },
  };
}

/** Cookies that a 304 has brought are its client's, though not the next one's. */
export function withCookies(
  response: UpstreamResponse,
  { 'set-cookie': cookies }: UpstreamResponse['headers'],
): UpstreamResponse {
  return cookies === undefined
    ? response
    : { ...response, headers: { ...response.headers, 'set-cookie': cookies } };
}

/** What a 304 says of an answer (RFC 9110 section 15.4.5). */
export function notModified(headers: UpstreamResponse['headers']): UpstreamResponse['headers'] {
  const {
    'content-length': _length,
    'content-type': _type,
    'content-encoding': _encoding,
    ...rest
  } = headers;
  return rest;
}

/** Where the copy is made while the bytes pass: they are the same. */
export const sameBytes = (
  { body: of, sameBytes: before }: UpstreamResponse,
  body: UpstreamResponse['body'],
): Pick<UpstreamResponse, 'sameBytes'> =>
  of instanceof Readable && body instanceof Readable
    ? { sameBytes: { body, of: before?.body === of ? before.of : of } }
    : {};

/** Lets go of an answer that nobody is given. */
export function drop({ body }: UpstreamResponse): void {
  if (body === null || Buffer.isBuffer(body)) return;
  // Nobody reads it: how it ends makes no difference.
  body.on('error', () => undefined).destroy();
}

/** Names of a `Cache-Tag`. */
export const tagsOf = (header: UpstreamResponse['headers'][string]): string[] =>
  String(header ?? '')
    .split(/[\s,]+/)
    .filter((tag) => tag !== '');

/** Location and Content-Location, where they lead to the same host. */
export function placesIn({ headers }: UpstreamRequest, response: UpstreamResponse): string[] {
  const host = String(headers.host ?? '');
  return [response.headers.location, response.headers['content-location']].flatMap((value) => {
    const url = value === undefined ? null : URL.parse(String(value), `http://${host}`);
    return url && url.host === host ? [url.pathname + url.search] : [];
  });
}
