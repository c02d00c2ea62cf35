import { GatewayError } from '../errors/gateway-error.ts';
import type { ErrorCode } from '../errors/table.ts';

/** What an error of the network or of undici means in the error table, before the first byte of an answer. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'upstream_connect',
  EHOSTUNREACH: 'upstream_connect',
  ENETUNREACH: 'upstream_connect',
  EADDRNOTAVAIL: 'upstream_connect',
  ENOTFOUND: 'upstream_connect',
  EAI_AGAIN: 'upstream_connect',
  ETIMEDOUT: 'upstream_connect',
  UND_ERR_CONNECT_TIMEOUT: 'upstream_connect',
  EPROTO: 'upstream_connect',
  ECONNRESET: 'upstream_reset',
  EPIPE: 'upstream_reset',
  UND_ERR_SOCKET: 'upstream_reset',
  UND_ERR_HEADERS_TIMEOUT: 'upstream_timeout',
  UND_ERR_BODY_TIMEOUT: 'upstream_timeout',
  ERR_HTTP2_ERROR: 'upstream_invalid',
  UND_ERR_HEADERS_OVERFLOW: 'upstream_invalid',
  // Before the answer has begun: two lengths that disagree.
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'upstream_invalid',
  // undici would not send it: that is our fault, not the upstream's.
  UND_ERR_INVALID_ARG: 'internal',
  UND_ERR_NOT_SUPPORTED: 'internal',
  // No descriptor, buffer or memory of this machine is free for a connection: no target is at fault, and none is better.
  EMFILE: 'gateway_exhausted',
  ENFILE: 'gateway_exhausted',
  ENOBUFS: 'gateway_exhausted',
  ENOMEM: 'gateway_exhausted',
  // undici asserts that a status is at least 100.
  ERR_ASSERTION: 'upstream_invalid',
};

/** Failures of a TLS handshake, of which there are many; without a prefix those of a certificate, as Node names OpenSSL's `X509_V_ERR_…`. */
const TLS =
  /^(?:(?:ERR_(?:SSL|TLS)|UNABLE_TO|CERT|CRL|ERROR_IN_(?:CERT|CRL))_|(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)$)/;

const DEEPEST = 5;

/** undici wraps what happened; the first that says something is asked. */
function firstKnown<T>(error: unknown, read: (error: Error, code: string) => T | undefined): T | undefined {
  let current: unknown = error;
  for (let depth = 0; depth < DEEPEST && current instanceof Error; depth++) {
    const { code } = current as { code?: unknown };
    const found = read(current, typeof code === 'string' ? code : '');
    if (found !== undefined) return found;
    current = current instanceof AggregateError ? current.errors[0] : current.cause;
  }
  return undefined;
}

/** The row of the error table for a failure before the answer began. */
export function failureBeforeAnswer(error: unknown): ErrorCode {
  if (error instanceof GatewayError) return error.code;
  const known = firstKnown(error, ({ name, message }, code): ErrorCode | undefined => {
    // By name: undici 7.30 looks its code up in a table that has it the other way round.
    if (name === 'HTTPParserError') return 'upstream_invalid';
    // undici's words for an interim answer that it does not take.
    if (message === 'bad response' || message === 'bad upgrade') return 'upstream_invalid';
    if (TLS.test(code)) return 'upstream_connect';
    return Object.hasOwn(CODES, code) ? CODES[code] : undefined;
  });
  return known ?? 'upstream_reset';
}

/** Whether it says nothing of who was to be asked: the gateway itself had nothing left to ask with. */
export const isOwnLack = (error: unknown): boolean => failureBeforeAnswer(error) === 'gateway_exhausted';

/** The row of the error table for a failure in the middle of an answer. */
export function failureInAnswer(error: unknown): ErrorCode {
  // A timer of ours ended it, or its own request is at fault: a body that grew too large while the answer had begun.
  if (error instanceof GatewayError) return error.code;
  const stalled = firstKnown(error, (_error, code) => (code === 'UND_ERR_BODY_TIMEOUT' ? true : undefined));
  return stalled ? 'upstream_stalled' : 'upstream_truncated';
}
