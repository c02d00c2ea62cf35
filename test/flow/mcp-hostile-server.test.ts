// A server that frames its answers oddly gets nothing past the allow-list.
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { expect, it, vi } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { mcpClient, OPEN } from '../helpers/mcp.ts';

// Other tests may keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const tool = (name: string) => ({ name, description: 'x', inputSchema: { type: 'object' } });
const RESULTS: Readonly<Record<string, object>> = {
  initialize: {
    protocolVersion: '2025-11-25',
    capabilities: { tools: {}, logging: {} },
    serverInfo: { name: 'evil', version: '1.0.0' },
  },
  'logging/setLevel': {},
  'tools/list': { tools: [tool('good'), tool('secret_admin')] },
};

interface Message {
  readonly id?: number;
  readonly method: string;
}

/** @param frame what becomes of the answer to `tools/list`: its type and its body */
async function behindServer(
  frame: (answer: { id?: number; result?: object }) => { type: string; body: unknown; status?: number },
  mcp: object = {},
  server: object = {},
) {
  const taken: string[] = [];
  const said: string[] = [];
  const upstream = await backend(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const { id, method } = JSON.parse(Buffer.concat(pieces).toString() || '{"method":""}') as Message;
    taken.push(method);
    const result = RESULTS[method];
    if (id === undefined || !result) {
      response.writeHead(id === undefined ? 202 : 404).end();
      return;
    }
    const answer = { jsonrpc: '2.0', id, result };
    const framed = method === 'tools/list' ? frame(answer) : { type: 'application/json', body: answer };
    const { type, body, status = 200 } = framed;
    response.writeHead(status, { 'content-type': type });
    response.on('finish', () => said.push(method));
    if (body instanceof Readable) body.pipe(response);
    else response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  const allow = [{ anyone: true, tools: ['good'] }];
  const settings = { url: upstream.url, revisions: ['2025-11-25'], allow, ...server };
  const gateway = await testGateway({ mcp: { ...mcp, servers: { evil: settings } } });
  return { gateway, taken, said, url: `${gateway.url}/mcp/evil` };
}

it('the type of a list of tools is read whatever its case', async () => {
  const { url } = await behindServer((body) => ({ type: 'Application/JSON; Charset=UTF-8', body }));
  const { tools } = await (await mcpClient(url, { legacy: true })).listTools();
  expect(tools.map(({ name }) => name)).toEqual(['good']);
});

it.each([
  ['an array', 'application/json', (answer: object) => [answer]],
  ['text', 'text/plain', (answer: object) => answer],
])('an answer that is %s is none', async (_, type, wrap) => {
  const { url } = await behindServer((answer) => ({ type, body: wrap(answer) }));
  const client = await mcpClient(url, { legacy: true });
  const listed = await client.listTools().catch((error: Error) => error.message);
  expect(JSON.stringify(listed)).not.toContain('secret_admin');
  expect(listed).toEqual(expect.stringMatching(/mcp_answer_invalid|502/));
});

const post = (url: string, body: object) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', ...body }),
  });
const NESTED = `{"jsonrpc":"2.0","id":1,"result":{"tools":[],"deep":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`;

it.each([
  ['a list of nothing', () => ({ jsonrpc: '2.0', id: 1, result: { tools: [null] } })],
  ['a list that is none', () => ({ jsonrpc: '2.0', id: 1, result: { tools: { 0: tool('secret_admin') } } })],
  ['no answer', () => ({ tools: [tool('secret_admin')] })],
  ['nested without end', () => NESTED],
  ['empty', () => ''],
  ['of another request', () => ({ jsonrpc: '2.0', id: 2, result: { tools: [tool('secret_admin')] } })],
  ['an answer and a request', () => ({ jsonrpc: '2.0', id: 1, method: null, result: { tools: [] } })],
  [
    'a list and another',
    () => ({ jsonrpc: '2.0', id: 1, result: { tools: [], Tools: [tool('secret_admin')] } }),
  ],
  ['an answer and another', () => ({ jsonrpc: '2.0', id: 1, result: { tools: [] }, Result: {} })],
])('what is %s is said to be its server’s mistake', async (_, body) => {
  const { gateway, url } = await behindServer(() => ({ type: 'application/json', body: body() }), {
    policies: [{ redact: { patterns: { word: 'x' } } }],
  });
  const answer = await post(url, { id: 1, method: 'tools/list' });
  expect(await answer.json()).toMatchObject({ error: { data: { code: 'mcp_answer_invalid' } } });
  const { reason } = await gateway.accessLine(({ mcp_method }) => mcp_method === 'tools/list');
  expect(reason).toBe('mcp_answer_invalid');
});

it('a page that tells of the inside is told to nobody; its status is, and numbers are as they were', async () => {
  const { url } = await behindServer(() => ({ type: 'text/html', body: '<p>db-7 is down', status: 503 }));
  const refused = await post(url, { id: 1, method: 'tools/list' });
  expect(refused.status).toBe(503);
  expect(refused.headers.get('content-type')).toContain('application/json');
  expect(await refused.json()).toMatchObject({ id: 1, error: { data: { code: 'mcp_answer_invalid' } } });
  const big = '{"jsonrpc":"2.0","id":1,"result":{"tools":[],"n":12345678901234567890,"m":1.50}}';
  const exact = await behindServer(() => ({
    type: 'application/json',
    body: big.replace('[]', `[${JSON.stringify(tool('secret_admin'))}]`),
  }));
  const text = await (await post(exact.url, { id: 1, method: 'tools/list' })).text();
  expect(text).toBe(big);
});

it('a call without an id goes to no server', async () => {
  const { url, taken } = await behindServer((body) => ({ type: 'application/json', body }));
  const answer = await post(url, { method: 'tools/call', params: { name: 'secret_admin' } });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('tools/call needs an id');
  expect(taken).not.toContain('tools/call');
});

const events = (...messages: object[]): string =>
  messages.map((message) => `data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`).join('');

it.each([
  ['a request', { id: 1, method: null, result: { tools: [tool('secret_admin')] } }],
  ['nothing', { id: 1, Result: { tools: [tool('secret_admin')] } }],
])('an event that some take for an answer, and some for %s, is none', async (_, message) => {
  const body = events(message, { id: 1, result: { tools: [] } });
  const { url } = await behindServer(() => ({ type: 'text/event-stream', body }));
  const said = await (await post(url, { id: 1, method: 'tools/list' })).text();
  expect(said).toContain('mcp_answer_invalid');
  expect(said).not.toContain('secret_admin');
});

it('an event is no larger for the comments in it, and streams of comments are as long as they like', async () => {
  const long = (end: string) => `:a comment${end}data: ${'x'.repeat(400)}\n`.repeat(5);
  const { url } = await behindServer(
    () => ({
      type: 'text/event-stream',
      body: `${':keeps alive\n\n'.repeat(200)}${events({ id: 1, result: { tools: [] } })}${long('\n')}\n`,
    }),
    {},
    { results: { maxSize: '1kb' }, pin: 'off' },
  );
  const said = await (await post(url, { id: 1, method: 'tools/list' })).text();
  expect(said).toContain('"tools":[]');
  expect(said).toContain('mcp_result_too_large');
});

it.each([
  ['application/json', '{"jsonrpc":"2.0","id":1,"result":{"x":"'],
  ['text/event-stream', 'data: {"x":"'],
])('of all servers as one, an answer without end ends at the size that one may have: %s', async (type, begin) => {
  let sent = 0;
  const { gateway } = await behindServer(
    () => ({
      type,
      body: Readable.from(
        (function* () {
          yield begin;
          for (; sent < 50_000_000; sent += 50_000) yield 'x'.repeat(50_000);
        })(),
      ),
    }),
    {},
    { results: { maxSize: '100kb' }, pin: 'off' },
  );
  const client = await mcpClient(`${gateway.url}/mcp`);
  expect((await client.listTools()).tools).toEqual([]);
  expect(sent).toBeLessThan(25_000_000);
  expect(JSON.stringify(gateway.lines)).toContain('larger than this gateway passes on');
});

it.each([
  ['name', { name: 'good', Name: 'secret_admin' }],
  ['arguments', { name: 'good', arguments: {}, 'argument\u017f': { a: 1 } }],
])('what a server without regard for case would read as another %s goes to no server', async (_, params) => {
  const { url, taken } = await behindServer((body) => ({ type: 'application/json', body }));
  const answer = await post(url, { id: 1, method: 'tools/call', params });
  expect(answer.status).toBe(400);
  expect(taken).not.toContain('tools/call');
});

it('what a server says to a client that does not read it is left out once it is too much; its answer is not', async () => {
  const notice = (data: string) => ({ method: 'notifications/message', params: { level: 'info', data } });
  const { url, said } = await behindServer(
    ({ id, result }: { id?: number; result?: object }) => ({
      type: 'text/event-stream',
      body: Readable.from(
        (function* () {
          for (let at = 0; at < 600; at++) yield events(notice('x'.repeat(100_000)));
          yield events({ id, result });
        })(),
      ),
    }),
    {},
    { pin: 'off' },
  );
  const call = request(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/list',
    },
  });
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
    'io.modelcontextprotocol/logLevel': 'info',
  };
  call.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta } }));
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  await eventually(() => said.includes('tools/list'), 60_000);
  let size = 0;
  let end = '';
  for await (const piece of answer) {
    size += (piece as Buffer).length;
    end = (end + piece).slice(-1000);
  }
  expect(end).toContain('"good"');
  expect(size).toBeGreaterThan(100_000);
  // Of 60 MB; what is in sockets on the way has been read by nobody either.
  expect(size).toBeLessThan(40_000_000);
});

it('a stream without end is kept for a client that has left, and no longer than its session', async () => {
  let isOpen = false;
  const upstream = await backend(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    const { id, method } = JSON.parse(body || '{"method":""}') as Message;
    const answer = JSON.stringify({ jsonrpc: '2.0', id, result: RESULTS.initialize });
    response.setHeader('mcp-session-id', 'theirs');
    response.setHeader('content-type', method === 'initialize' ? 'application/json' : 'text/event-stream');
    if (method === 'initialize') return void response.end(answer);
    isOpen = true;
    response.write(events({ method: 'notifications/message', params: { level: 'info', data: 'begun' } }));
    const alive = setInterval(() => response.write(':alive\n\n'), 50);
    response.on('close', () => {
      clearInterval(alive);
      isOpen = false;
    });
  });
  const settings = { url: upstream.url, revisions: ['2025-11-25'], pin: 'off', allow: OPEN };
  const gateway = await testGateway({ mcp: { servers: { endless: settings }, session: { ttl: '3s' } } });
  const url = `${gateway.url}/mcp/endless`;
  const opened = await post(url, { id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25' } });
  const leave = new AbortController();
  const call = await fetch(url, {
    method: 'POST',
    signal: leave.signal,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-session-id': opened.headers.get('mcp-session-id') as string,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'good' } }),
  });
  await call.body?.getReader().read();
  leave.abort();
  expect(isOpen).toBe(true);
  await eventually(() => !isOpen, 30_000);
});
