import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { GatewayError } from '../errors/gateway-error.ts';
import type { ErrorCode } from '../errors/table.ts';
import { bytesSince } from '../record/bytes.ts';
import { LiveExchange } from '../record/exchange.ts';
import { errorAnswer } from './answer-error.ts';

/** What the HTTP parser says of a request that never became one. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'request_malformed',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/**
 * Answers what could not be parsed, on the bare connection, and closes it.
 * @returns the exchange to record; none where the connection just broke
 */
export function answerClientError(
  error: Error & { code?: string },
  socket: Socket,
  revision: number,
  now: { wall: number; monotonic: number },
): LiveExchange | undefined {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return undefined;
  }
  const request = { headers: {}, method: '', socket } as unknown as IncomingMessage;
  const exchange = new LiveExchange(request, revision, now);
  const refusal = new GatewayError(CODES[error.code ?? ''] ?? 'request_malformed', { cause: error });
  const answer = errorAnswer(refusal, exchange);
  let head = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\nconnection: close\r\n`;
  for (const [name, value] of Object.entries(answer.headers)) head += `${name}: ${String(value)}\r\n`;
  socket.end(`${head}\r\n${answer.body}`);
  const { bytesIn, bytesOut } = bytesSince(socket);
  exchange.end({ status: answer.status, complete: true, bytesIn, bytesOut, monotonic: now.monotonic });
  return exchange;
}
