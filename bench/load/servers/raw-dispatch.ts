// node raw-dispatch.ts <port> <upstream port>: the least that a proxy in Node can be without being wrong. It passes
// bodies, status and headers, drops what belongs to the connection, takes no more than the client does, ends the upstream
// call when the client leaves.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';

const [, , port, upstreamPort] = process.argv;
const pool = new Pool(`http://127.0.0.1:${upstreamPort}`, { pipelining: 1 });
const CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade']);

/** Name, value, name, value: neither side has to build an object. */
function withoutConnection(raw: readonly string[]): string[] {
  const headers: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    if (!CONNECTION.has(name.toLowerCase())) headers.push(name, raw[i + 1] as string);
  }
  return headers;
}

class Answer implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;
  #controller: Dispatcher.DispatchController | undefined;
  #missing = -1;
  #first: Buffer | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.once('close', () => {
      if (!response.writableFinished) this.#controller?.abort(new Error('the client has gone'));
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#response.destroyed) controller.abort(new Error('the client has gone'));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200) return;
    const raw = (controller.rawHeaders as Buffer[]).map((text) => text.toString('latin1'));
    const headers = withoutConnection(raw);
    const length = headers.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-length');
    this.#missing = length < 0 ? -1 : Number(headers[length + 1]);
    this.#response.writeHead(status, headers);
  }

  /** An answer in one piece, which nearly all of 1 kB are, goes out with its head in one write. */
  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#missing === chunk.length) this.#first = chunk;
    else if (!this.#response.write(chunk)) {
      controller.pause();
      this.#response.once('drain', () => controller.resume());
    }
    this.#missing -= chunk.length;
  }

  onResponseEnd(): void {
    this.#response.end(this.#first);
  }

  onResponseError(): void {
    if (this.#response.headersSent) this.#response.destroy();
    else this.#response.writeHead(502).end();
  }
}

function forward(request: IncomingMessage, response: ServerResponse, body: Buffer | null): void {
  pool.dispatch(
    {
      path: request.url ?? '/',
      method: request.method as Dispatcher.HttpMethod,
      headers: withoutConnection(request.rawHeaders),
      body,
    },
    new Answer(response),
  );
}

const server = createServer((request, response) => {
  const { headers } = request;
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) {
    forward(request, response, null);
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.once('end', () =>
    forward(request, response, chunks.length === 1 ? (chunks[0] ?? null) : Buffer.concat(chunks)),
  );
});
server.keepAliveTimeout = 65_000;
server.listen(Number(port), '127.0.0.1', 1024);
