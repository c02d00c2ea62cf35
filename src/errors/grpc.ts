import type { ErrorCode } from './table.ts';

/** gRPC's status codes, where a status of HTTP says too little. */
const BY_CODE: Partial<Record<ErrorCode, number>> = {
  route_not_found: 12,
  method_not_allowed: 12,
  body_too_large: 8,
  headers_too_large: 8,
};

/** UNAUTHENTICATED, PERMISSION_DENIED, …: https://grpc.io/docs/guides/status-codes/ */
const BY_STATUS: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  408: 4,
  429: 8,
  499: 1,
  500: 13,
  501: 12,
  502: 14,
  503: 14,
  504: 4,
};
const UNKNOWN = 2;

/** What a client of gRPC is told of an error: the fields that end its call. */
export function grpcFields(error: {
  code: ErrorCode;
  statusCode: number;
  message: string;
}): Record<string, string> {
  const status = BY_CODE[error.code] ?? BY_STATUS[error.statusCode] ?? UNKNOWN;
  return { 'grpc-status': String(status), 'grpc-message': percentEncoded(error.message) };
}

/** Bytes of UTF-8 beyond printable ASCII, and the percent sign (gRPC over HTTP/2, Status-Message). */
function percentEncoded(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
