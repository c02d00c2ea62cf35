import { Agent, get, type IncomingMessage } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type Backend, backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';

const RELOADS = 100;
const EVENTS = 20;

/** Answers, streams events, echoes over WebSocket. */
async function upstream(): Promise<Backend> {
  const server = await backend((request, response) => {
    if (request.url === '/api/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      let sent = 0;
      const timer = setInterval(() => {
        response.write(`id: ${sent}\ndata: tick\n\n`);
        sent++;
        if (sent === EVENTS) {
          clearInterval(timer);
          response.end();
        }
      }, 25);
      response.on('close', () => clearInterval(timer));
      return;
    }
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => response.end(`${request.method} ${body}`));
  });
  const sockets = new WebSocketServer({ server: server.server, path: '/api/socket' });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  onTestFinished(() => sockets.close());
  return server;
}

function read(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk) => {
      text += chunk;
    });
    response.on('end', () => (response.complete ? resolve(text) : reject(new Error('cut off'))));
    response.on('error', reject);
  });
}

const ask = (url: string, agent: Agent): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      read(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    }).on('error', reject);
  });

it('100 reloads under 44 callers, 20 of them of event streams and 4 of WebSockets: nobody notices', async () => {
  const shop = await upstream();
  const config = (turn: number): object => ({
    upstreams: { shop: { targets: [{ url: shop.url }] } },
    routes: [
      { name: 'api', match: { path: '/api/*' }, upstream: 'shop' },
      // Something to differ in: a route that comes and goes, and one whose policy changes.
      ...(turn % 2 ? [{ name: 'extra', match: { path: '/extra' }, upstream: 'shop' }] : []),
      {
        name: 'tagged',
        match: { path: '/tagged' },
        upstream: 'shop',
        policies: [{ headers: { response: { set: { 'x-turn': String(turn) } } } }],
      },
    ],
  });
  const gateway = await testGateway(config(0));
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const done = { calls: 0, streams: 0, echoes: 0 };
  const failures: string[] = [];
  let running = true;

  const worker = async (work: () => Promise<void>): Promise<void> => {
    while (running) await work().catch((error: Error) => failures.push(error.message));
  };
  const call = async (): Promise<void> => {
    const { status, body } = await ask(`${gateway.url}/api/thing`, agent);
    if (status !== 200 || body !== 'GET ') failures.push(`call: ${status} ${body}`);
    done.calls++;
  };
  const stream = async (): Promise<void> => {
    const { status, body } = await ask(`${gateway.url}/api/events`, agent);
    const events = body.split('\n\n').length - 1;
    if (status !== 200 || events !== EVENTS) failures.push(`stream: ${status}, ${events} events`);
    done.streams++;
  };
  const sockets = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/api/socket`);
      socket.on('error', (error) => failures.push(`socket: ${error.message}`));
      socket.on('close', () => running && failures.push('socket: closed'));
      await new Promise((resolve) => socket.once('open', resolve));
      return socket;
    }),
  );
  const echo = (socket: WebSocket) => (): Promise<void> =>
    new Promise((resolve) => {
      socket.once('message', (data) => {
        if (String(data) !== 'ping') failures.push(`echo: ${String(data)}`);
        done.echoes++;
        resolve();
      });
      socket.send('ping');
    });
  const workers = [
    ...Array.from({ length: 20 }, () => worker(call)),
    ...Array.from({ length: 20 }, () => worker(stream)),
    ...sockets.map((socket) => worker(echo(socket))),
  ];

  for (let turn = 1; turn <= RELOADS; turn++) {
    const before = done.calls;
    await gateway.write(config(turn));
    expect(await gateway.reload()).toBe(true);
    // Each revision carries some of the load.
    await eventually(() => done.calls > before + 8);
  }
  running = false;
  await Promise.all(workers);

  expect(failures).toEqual([]);
  expect(done.streams).toBeGreaterThan(20);
  const tagged = await fetch(`${gateway.url}/tagged`);
  expect(tagged.headers.get('x-turn')).toBe(String(RELOADS));
  expect(await gateway.metric('gateway_config_reloads_total', { outcome: 'applied' })).toBe(RELOADS + 1);
  for (const socket of sockets) socket.close();
  // The generations that drained are gone, and with them what they held.
  await eventually(async () => (await gateway.metric('gateway_generations')) === 1);
}, 120_000);
