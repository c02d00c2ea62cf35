import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { GatewayError } from '../errors/gateway-error.ts';
import type { ErrorCode } from '../errors/table.ts';
import { bytesSince } from '../record/bytes.ts';
import { exchangeOf, LiveExchange } from '../record/exchange.ts';
import { errorAnswer } from './answer-error.ts';
import { connectionOf, endAtOnce, endLingering } from './connection.ts';

/** What Node says of a head that has not come in time. */
export const HEAD_TIMEOUT = 'ERR_HTTP_REQUEST_TIMEOUT';

/** What the HTTP parser says of a request that never became one. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'request_malformed',
  [HEAD_TIMEOUT]: 'request_timeout',
};

export interface ClientErrorPorts {
  revision(): number;
  now(): { wall: number; monotonic: number };
  /** Share of the traces begun here that are sampled, from 0 to 1. */
  sample: number;
  record(exchange: LiveExchange): void;
}

/** Answers what could not be parsed, on the bare connection, and closes it. */
export function answerClientError(
  error: Error & { code?: string },
  socket: Socket,
  ports: ClientErrorPorts,
): void {
  const connection = connectionOf(socket);
  if (error.code === 'ECONNRESET' || !socket.writable) {
    if (!connection.isBroken) socket.destroy();
    return;
  }
  // The parser says it again for every further piece.
  if (connection.isBroken) return;
  connection.isBroken = true;
  const refusal = new GatewayError(CODES[error.code ?? ''] ?? 'request_malformed', { cause: error });
  const { response } = connection;
  if (response === undefined || response.writableFinished) {
    answerStranger(refusal, socket, ports);
  } else if (response.req.complete) {
    // It is not the request that runs that is broken, but what came behind it.
    response.once('close', () => answerStranger(refusal, socket, ports));
  } else if (error.code === 'HPE_INVALID_EOF_STATE') {
    // The client has gone in the middle of its body.
    socket.destroy();
  } else {
    breakOff(refusal, socket);
  }
}

/** What came was no request, so that there is no exchange yet. */
function answerStranger(refusal: GatewayError, socket: Socket, ports: ClientErrorPorts): void {
  const exchange = strangerOn(socket, ports);
  const { status, text } = rawAnswer(refusal, exchange);
  // Whoever is slow with a head would only be slow with closing.
  if (socket.writable) (refusal.code === 'request_timeout' ? endAtOnce : endLingering)(socket, text);
  recordStranger(exchange, status, socket, ports);
}

/** An HTTP/2 connection that broke the protocol: it got its GOAWAY, and what ran on it ended with it. */
export function recordBrokenSession(
  error: Error & { code?: string },
  socket: Socket,
  ports: ClientErrorPorts,
): void {
  // Any other error is the network's: the client has gone.
  if (!error.code?.startsWith('ERR_HTTP2_')) return;
  const exchange = strangerOn(socket, ports);
  const refusal = new GatewayError('request_malformed', { cause: error });
  exchange.failWith(refusal);
  recordStranger(exchange, refusal.statusCode, socket, ports);
}

function strangerOn(socket: Socket, ports: ClientErrorPorts): LiveExchange {
  const request = { headers: {}, method: '', socket } as unknown as IncomingMessage;
  return new LiveExchange(request, ports.revision(), ports.now(), ports.sample);
}

function recordStranger(
  exchange: LiveExchange,
  status: number,
  socket: Socket,
  ports: ClientErrorPorts,
): void {
  const { bytesIn, bytesOut } = bytesSince(socket);
  exchange.end({ status, complete: true, bytesIn, bytesOut, monotonic: exchange.started });
  ports.record(exchange);
}

/** A request whose body broke off or took too long: its exchange ends with that, wherever it was. */
function breakOff(refusal: GatewayError, socket: Socket): void {
  const { response, end } = connectionOf(socket);
  if (response === undefined || end === undefined) return;
  const exchange = exchangeOf(response.req);
  if (response.headersSent || response.socket !== socket) {
    // A second answer in the middle of the first would be read as a part of it; and behind a request that is not
    // answered yet, the connection is not this one's to write to.
    exchange.failWith(refusal);
    socket.destroy();
    return;
  }
  const { status, text } = rawAnswer(refusal, exchange);
  response.detachSocket(socket);
  endLingering(socket, text);
  end(status, false);
}

function rawAnswer(refusal: GatewayError, exchange: LiveExchange): { status: number; text: string } {
  const { status, headers, body } = errorAnswer(refusal, exchange);
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nconnection: close\r\n`;
  for (const [name, value] of Object.entries(headers)) head += `${name}: ${String(value)}\r\n`;
  return { status, text: `${head}\r\n${body}` };
}
