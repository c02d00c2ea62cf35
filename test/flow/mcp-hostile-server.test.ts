// A server that frames its answers oddly gets nothing past the allow-list.
import { expect, it, vi } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';
import { mcpClient } from '../helpers/mcp.ts';

// Other tests may keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const tool = (name: string) => ({ name, description: 'x', inputSchema: { type: 'object' } });
const RESULTS: Readonly<Record<string, object>> = {
  initialize: {
    protocolVersion: '2025-11-25',
    capabilities: { tools: {} },
    serverInfo: { name: 'evil', version: '1.0.0' },
  },
  'tools/list': { tools: [tool('good'), tool('secret_admin')] },
};

interface Message {
  readonly id?: number;
  readonly method: string;
}

/** @param frame what becomes of the answer to `tools/list`: its type and its body */
async function behindServer(
  frame: (answer: object) => { type: string; body: unknown; status?: number },
  mcp: object = {},
) {
  const taken: string[] = [];
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
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  const allow = [{ anyone: true, tools: ['good'] }];
  const settings = { url: upstream.url, revisions: ['2025-11-25'], allow };
  const gateway = await testGateway({ mcp: { ...mcp, servers: { evil: settings } } });
  return { gateway, taken, url: `${gateway.url}/mcp/evil` };
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
