/**
 * The HTTP server under every sandbox process. A request passes:
 *
 *   switches (/__sandbox/*) ── else draw faults ── pool ── latency ── reset | htmlError | status ── handle
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Call, pause, Refusal, type ServiceStats } from './call.ts';
import { createFaults, type Faults } from './faults.ts';
import { sendBytes, sendJson } from './reply.ts';
import { answerSwitches } from './switches.ts';

/** A running sandbox service. */
export interface Service {
  /** Origin without a trailing slash, as in `http://127.0.0.1:9001`. */
  url: string;
  faults: Faults;
  stats: Readonly<ServiceStats>;
  /** Frees the port and breaks what is still running. */
  close(): Promise<void>;
}

/** Where a service listens, port 0 picks a free one, and the name that it answers under. */
export interface ServiceOptions {
  port: number;
  host?: string;
  name: string;
}

interface Behaviour {
  /** Headers of every answer. */
  headers: Record<string, string>;
  handle(call: Call): Promise<void>;
  /** The error body of the API that `path` belongs to. */
  problem(status: number, message: string, path: string): unknown;
}

/** Starts a service. Rejects with an error that names the port if that is taken. */
export async function startService(options: ServiceOptions, behaviour: Behaviour): Promise<Service> {
  const faults = createFaults();
  const stats: ServiceStats = { requests: 0, aborted: 0, active: 0 };
  const server = createServer((req, res) => {
    for (const [name, value] of Object.entries(behaviour.headers)) res.setHeader(name, value);
    const url = URL.parse(req.url ?? '/', 'http://sandbox');
    if (!url) {
      res.writeHead(400).end();
      return;
    }
    const call = openCall(req, res, url, behaviour);
    const counted = !url.pathname.startsWith('/__sandbox/') && url.pathname !== '/healthz';
    if (counted) count(call, stats);
    answer(call, faults, stats, behaviour).catch((error: unknown) => fail(call, error));
  });
  await listen(server, options);
  return {
    url: `http://${options.host ?? '127.0.0.1'}:${(server.address() as AddressInfo).port}`,
    faults,
    stats,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(call: Call, faults: Faults, stats: ServiceStats, behaviour: Behaviour): Promise<void> {
  const path = call.url.pathname;
  if (path.startsWith('/__sandbox/')) return answerSwitches(call, faults, stats);
  call.faults = faults.draw(path);
  const { latencyMs, reset, htmlError, status, pool } = call.faults;
  if (pool !== undefined && stats.active > pool) {
    const text = `connection pool exhausted: ${pool} of ${pool} in use`;
    return sendJson(call, 503, call.problem(503, text));
  }
  await pause(call, latencyMs);
  if (reset) {
    call.endByFault();
    call.req.socket.resetAndDestroy();
  } else if (htmlError) {
    const page = '<!DOCTYPE html><html><body><h1>500 Internal Server Error</h1></body></html>\n';
    await sendBytes(call, 500, Buffer.from(page), { 'content-type': 'text/html; charset=utf-8' });
  } else if (status) {
    const { code, retryAfterSeconds: seconds } = status;
    const headers = seconds === undefined ? {} : { 'retry-after': String(seconds) };
    await sendJson(call, code, call.problem(code, `The sandbox answers ${code} as it was told to.`), headers);
  } else {
    await behaviour.handle(call);
  }
}

function openCall(req: IncomingMessage, res: ServerResponse, url: URL, behaviour: Behaviour): Call {
  const over = new AbortController();
  res.once('close', () => over.abort());
  return {
    req,
    res,
    url,
    method: req.method === 'HEAD' ? 'GET' : (req.method ?? 'GET'),
    faults: {},
    over: over.signal,
    endByFault: () => over.abort(),
    problem: (status, message) => behaviour.problem(status, message, url.pathname),
  };
}

function count(call: Call, stats: ServiceStats): void {
  stats.requests += 1;
  stats.active += 1;
  let endedByFault = false;
  const { endByFault } = call;
  call.endByFault = () => {
    endedByFault = true;
    endByFault();
  };
  call.res.once('close', () => {
    stats.active -= 1;
    if (!call.res.writableFinished && !endedByFault) stats.aborted += 1;
  });
}

function fail(call: Call, error: unknown): void {
  // Over means that nobody reads: the rejection was only the way out of the handler.
  if (call.over.aborted) return;
  if (call.res.headersSent) {
    call.res.destroy();
    return;
  }
  const refusal = error instanceof Refusal ? error : undefined;
  const status = refusal?.status ?? 500;
  const body = refusal?.body ?? call.problem(500, error instanceof Error ? error.message : String(error));
  sendJson(call, status, body).catch(() => call.res.destroy());
}

function listen(server: Server, { port, host = '127.0.0.1', name }: ServiceOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = `Port ${port} on ${host} is in use; stop what listens there or give ${name} another port.`;
      reject(error.code === 'EADDRINUSE' ? new Error(taken, { cause: error }) : error);
    });
    server.listen(port, host, resolve);
  });
}
