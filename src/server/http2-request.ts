import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  constants,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { ReadableOptions } from 'node:stream';

/** Bytes that a field of a head has in HTTP/1.1 besides its name and value. */
const FIELD_BYTES = 4;

/**
 * A request of an HTTP/2 stream as the rest of the gateway reads requests, in the terms of HTTP/1.1: `:authority` is the
 * Host header, a body without a length is chunked, and there are no pseudo headers that could go on (RFC 9113 section
 * 8.3.1). Where Node's own would say that a body has ended because its stream was reset, this one fails.
 */
export class Http2Request extends Http2ServerRequest {
  override readonly method: string;
  /** The path; written back by who makes it canonical. */
  override url: string;
  /** Whether the request has come to its end. */
  override complete: boolean;
  /** Bytes of the head, as they would be in HTTP/1.1. */
  readonly headBytes: number;
  /** Bytes of the body that have come. */
  bodyBytes = 0;

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    options: ReadableOptions,
    rawHeaders: readonly string[],
  ) {
    const { raw, bytes } = fieldsOf(rawHeaders);
    super(stream, messageHeaders(headers, stream.endAfterHeaders), options, raw);
    this.method = headers[':method'] ?? '';
    this.url = headers[':path'] ?? '';
    this.complete = stream.endAfterHeaders;
    this.headBytes = bytes;
  }

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (chunk !== null) {
      this.bodyBytes += chunk.length;
      return super.push(chunk, encoding);
    }
    if (this.stream.readableEnded || this.stream.endAfterHeaders) {
      this.complete = true;
      return super.push(null);
    }
    // As in HTTP/1.1 it is an error only to who listens for one.
    this.destroy(this.listenerCount('error') > 0 ? new Error('the client broke off its request') : undefined);
    return false;
  }
}

/** Its answer. */
export class Http2Response extends Http2ServerResponse<Http2Request> {
  /** Bytes of the body that were handed over. */
  bodyBytes = 0;

  override write(chunk: string | Uint8Array, ...rest: never[]): boolean {
    const [encoding] = rest as unknown[];
    this.bodyBytes +=
      typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding as BufferEncoding) : chunk.length;
    return super.write(chunk, ...rest);
  }

  /** Node's own would reset the stream without an error, and half an answer could look like a whole one. */
  override destroy(): this {
    this.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    return this;
  }
}

/**
 * Fastify and all that stands behind it are typed for HTTP/1.1; of it they use what Node's classes for HTTP/2 have too.
 */
export const asIncoming = (request: Http2Request): IncomingMessage => request as unknown as IncomingMessage;
export const asResponse = (response: Http2Response): ServerResponse => response as unknown as ServerResponse;

function messageHeaders(headers: IncomingHttpHeaders, isWithoutBody: boolean): IncomingHttpHeaders {
  const message: IncomingHttpHeaders = {};
  for (const name in headers) {
    if (name.charCodeAt(0) !== 0x3a) message[name] = headers[name];
  }
  message.host = headers[':authority'] ?? headers.host;
  if (!isWithoutBody && headers['content-length'] === undefined) message['transfer-encoding'] = 'chunked';
  return message;
}

/** Names and values in turn, as they came. An authority and a Host header that say the same are one (section 8.3.1). */
function fieldsOf(rawHeaders: readonly string[]): { raw: string[]; bytes: number } {
  const raw: string[] = [];
  let bytes = 0;
  let authority: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const value = rawHeaders[i + 1] as string;
    bytes += name.length + value.length + FIELD_BYTES;
    if (name === ':authority') {
      authority = value;
      raw.push('host', value);
    } else if (name.charCodeAt(0) !== 0x3a && !(name === 'host' && value === authority)) {
      raw.push(name, value);
    }
  }
  return { raw, bytes };
}
