import type { ErrorCode } from '../errors/table.ts';

const codeOf = (error: unknown): string => {
  let current: unknown = error;
  // reply-from and undici wrap what happened; the innermost code says most.
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    const code = (current as { code?: unknown }).code;
    if (typeof code === 'string' && (code in CODES || code.startsWith('HPE_'))) return code;
    current = current instanceof AggregateError ? current.errors[0] : current.cause;
  }
  return '';
};

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
  DEPTH_ZERO_SELF_SIGNED_CERT: 'upstream_connect',
  SELF_SIGNED_CERT_IN_CHAIN: 'upstream_connect',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'upstream_connect',
  CERT_HAS_EXPIRED: 'upstream_connect',
  ERR_TLS_CERT_ALTNAME_INVALID: 'upstream_connect',
  ECONNRESET: 'upstream_reset',
  EPIPE: 'upstream_reset',
  UND_ERR_SOCKET: 'upstream_reset',
  UND_ERR_HEADERS_TIMEOUT: 'upstream_timeout',
  UND_ERR_BODY_TIMEOUT: 'upstream_timeout',
  UND_ERR_HEADERS_OVERFLOW: 'upstream_invalid',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'upstream_truncated',
};

/** The row of the error table for a failure before the answer began. */
export function failureBeforeAnswer(error: unknown): ErrorCode {
  const code = codeOf(error);
  if (code.startsWith('HPE_')) return 'upstream_invalid';
  return CODES[code] ?? 'upstream_reset';
}

/** The row of the error table for a failure in the middle of an answer. */
export function failureInAnswer(error: unknown): ErrorCode {
  return codeOf(error) === 'UND_ERR_BODY_TIMEOUT' ? 'upstream_stalled' : 'upstream_truncated';
}
