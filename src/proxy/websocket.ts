import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HeaderBag } from '../contracts/policy.ts';
import { exchangeOf, type LiveExchange } from '../record/exchange.ts';
import { endsWithClose } from './close-frame.ts';
import type { ProxyRoute } from './proxy-route.ts';
import { type Shaken, shakeHands } from './shake-hands.ts';
import { watchWhilePaused } from './unread-socket.ts';

const UPGRADE = Symbol('hypercare.upgrade');

/** The raw connection of a request that asks for a switch of protocols. */
export interface UpgradeConnection {
  socket: Socket;
  /** What came behind the request's head already. */
  head: Buffer;
  /** The protocol was switched: the connection is now the caller's. */
  onSwitched(): void;
}

interface UpgradeRequest extends IncomingMessage {
  [UPGRADE]?: UpgradeConnection;
}

export function markUpgrade(request: IncomingMessage, connection: UpgradeConnection): void {
  (request as UpgradeRequest)[UPGRADE] = connection;
}

export const isUpgrade = (request: IncomingMessage): boolean =>
  (request as UpgradeRequest)[UPGRADE] !== undefined;

/**
 * Passes a WebSocket on as the bytes it consists of: the handshake is the upstream's answer, not ours, extensions and
 * subprotocols stay what the two ends agreed on, and a slow reader slows its writer (docs/decisions/0002).
 */
export async function tunnelWebSocket(
  route: ProxyRoute,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const exchange = exchangeOf(request.raw);
  const connection = (request.raw as UpgradeRequest)[UPGRADE] as UpgradeConnection;
  const answer = await shakeHands(route, request.raw, exchange);
  if (!answer.switched) return passRefusal(route, reply, answer, exchange);
  reply.hijack();
  const { socket, head } = connection;
  connection.onSwitched();
  // As Node writes heads: a header's bytes are not UTF-8.
  socket.write(switchingHead(route, answer.headers, exchange), 'latin1');
  if (head.length > 0) answer.switched.write(head);
  join(socket, answer.switched, exchange);
  return reply;
}

function passRefusal(
  route: ProxyRoute,
  reply: FastifyReply,
  { status, headers: own, body }: Extract<Shaken, { switched: undefined }>,
  exchange: LiveExchange,
): FastifyReply {
  const headers: HeaderBag = { ...own, 'x-request-id': exchange.id };
  route.policies.responseHeaders(headers, exchange);
  delete headers['content-length'];
  if (body === null || (Buffer.isBuffer(body) && body.length === 0)) {
    delete headers['content-type'];
    return reply.code(status).headers(headers).send();
  }
  return reply.code(status).headers(headers).send(body);
}

function switchingHead(route: ProxyRoute, headers: HeaderBag, exchange: LiveExchange): string {
  const bag = { ...headers, 'x-request-id': exchange.id };
  route.policies.responseHeaders(bag, exchange);
  let head = 'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n';
  for (const [name, value] of Object.entries(bag)) {
    for (const one of Array.isArray(value) ? value : [value]) head += `${name}: ${String(one)}\r\n`;
  }
  return `${head}\r\n`;
}

/** Milliseconds of silence in which a client may still take what was sent to it last. */
const LINGER_MS = 5_000;

/** Both ways, with backpressure; the end of one side is the end of the other, also while the other takes nothing. */
function join(client: Socket, upstream: Duplex, exchange: LiveExchange): void {
  watchWhilePaused(client);
  watchWhilePaused(upstream);
  let last: Buffer | undefined;
  upstream.on('data', (chunk: Buffer) => {
    last = chunk;
  });
  client.pipe(upstream);
  upstream.pipe(client);
  finished(client, () => upstream.destroy());
  finished(upstream, (error) => {
    const hasClientLeft = client.destroyed || client.readableEnded;
    if (!hasClientLeft && (error || !endsWithClose(last)))
      exchange.fail('upstream_truncated', error ?? new Error('the upstream left without a Close frame'));
    // What the upstream said last may still be on its way to a slow client.
    client.end();
    client.setTimeout(LINGER_MS, () => client.destroy());
  });
}
