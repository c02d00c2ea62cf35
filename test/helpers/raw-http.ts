import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { eventually } from './gateway.ts';

/** An answer as it came over the wire. */
export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** A bare TCP connection that keeps all it was sent. */
export interface RawClient {
  readonly socket: Socket;
  /** What came so far, one character a byte. */
  readonly text: string;
  readonly closed: boolean;
  send(bytes: string | Buffer): void;
  /** Resolves with what came once it includes `part`. */
  until(part: string, ms?: number): Promise<string>;
  /** Resolves with the answers once the other side has closed. */
  untilClosed(ms?: number): Promise<RawAnswer[]>;
}

export async function rawClient(url: string): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  const chunks: Buffer[] = [];
  const state = { closed: false };
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A reset shows as `closed`.
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    state.closed = true;
  });
  onTestFinished(() => void socket.destroy());
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const text = (): string => Buffer.concat(chunks).toString('latin1');
  return {
    socket,
    get text() {
      return text();
    },
    get closed() {
      return state.closed;
    },
    send: (bytes) => void socket.write(bytes),
    until: (part, ms) => eventually(() => text().includes(part) && text(), ms),
    untilClosed: async (ms) => {
      await eventually(() => state.closed, ms);
      return parseAnswers(text());
    },
  };
}

/** Sends bytes on a connection of their own and waits for the other side to close it. */
export async function rawExchange(url: string, bytes: string | Buffer, ms?: number): Promise<RawAnswer[]> {
  const client = await rawClient(url);
  client.send(bytes);
  return client.untilClosed(ms);
}

/** Final answers with content-length, chunked or to the end of the connection, one after the other. */
export function parseAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = text;
  while (rest.startsWith('HTTP/1.')) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) break;
    const [line = '', ...lines] = rest.slice(0, end).split('\r\n');
    const headers = Object.fromEntries(
      lines.map((header) => {
        const at = header.indexOf(':');
        return [header.slice(0, at).toLowerCase(), header.slice(at + 1).trim()];
      }),
    );
    rest = rest.slice(end + 4);
    const status = Number(line.split(' ')[1]);
    if (status === 100) continue;
    const length =
      headers['content-length'] === undefined ? bodyEnd(rest, headers) : Number(headers['content-length']);
    answers.push({ status, headers, body: rest.slice(0, length) });
    rest = rest.slice(length);
  }
  return answers;
}

function bodyEnd(rest: string, headers: Record<string, string>): number {
  if (headers['transfer-encoding'] !== 'chunked') return rest.length;
  const end = rest.indexOf('0\r\n\r\n');
  return end < 0 ? rest.length : end + 5;
}

/** A TCP server that answers however a test wants, gone when the test is over. */
export async function rawServer(
  onConnection: (socket: Socket) => void,
): Promise<{ url: string; server: Server; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, sockets };
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  rawHeaders: string[];
  body: Buffer;
}

export interface CallOptions {
  method?: string;
  headers?: OutgoingHttpHeaders;
  body?: string | Buffer;
}

/** One request through Node's own client, which changes nothing about path and headers. A connection of its own. */
export function call(url: string, target: string, options: CallOptions = {}): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = options;
    const sent = request({ hostname, port, path: target, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          rawHeaders: response.rawHeaders,
          body: Buffer.concat(chunks),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The `code` of a problem+json body. */
export function problemCode(answer: { headers: Record<string, unknown>; body: string | Buffer }): string {
  if (answer.headers['content-type'] !== 'application/problem+json')
    return `not a problem: ${answer.headers['content-type']}`;
  return (JSON.parse(answer.body.toString()) as { code: string }).code;
}
