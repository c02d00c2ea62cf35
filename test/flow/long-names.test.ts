import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, vi } from 'vitest';
import { aiGateway, chat, rawProvider } from '../helpers/ai.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { mcpServer, OPEN } from '../helpers/mcp.ts';

// Other tests may keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const MB = 1e6;

setFlagsFromString('--expose_gc');
const collect = runInNewContext('gc') as () => void;

/** Of what is done with 4 MB twenty times, next to nothing is held in the end. */
async function leavesNothing(work: (i: number) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < 3; i++) await work(i);
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 3; i < 23; i++) await work(i);
  await eventually(() => {
    collect();
    return process.memoryUsage().heapUsed - before < 30 * MB;
  });
}

it('names of megabytes are refused at an MCP server, and are neither in memory nor in metrics and log', async () => {
  const server = await mcpServer({ only: '2025-11-25' });
  const gateway = await testGateway({
    hypercare: {},
    mcp: { servers: { all: { url: server.url, allow: OPEN, pin: 'off' } } },
  });
  const ask = (method: string, params: object): Promise<Response> =>
    fetch(`${gateway.url}/mcp/all`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ jsonrpc: '2.0', id: 7, method, params }),
    });
  const long = (i: number): string => `${i}${'n'.repeat(4 * MB)}`;
  await leavesNothing(async (i) => {
    const answer = await ask('tools/call', { name: long(i), arguments: {} });
    expect([answer.status, await answer.json()]).toEqual([
      400,
      {
        jsonrpc: '2.0',
        id: 7,
        error: { code: -32_602, message: 'A name has 512 characters at most.' },
      },
    ]);
    server.seen.length = 0;
  });
  for (const [method, params] of [
    ['prompts/get', { name: long(0) }],
    ['resources/read', { uri: long(0) }],
    ['resources/subscribe', { uri: long(0) }],
    [
      'completion/complete',
      { ref: { type: 'ref/resource', uri: long(0) }, argument: { name: 'a', value: 'b' } },
    ],
    ['tools/list', { _meta: { progressToken: long(0) } }],
  ] as const)
    expect((await ask(method, params)).status, method).toBe(400);
  expect(server.seen).toEqual([]);
  const page = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  expect(page.length).toBeLessThan(MB);
  expect(Math.max(...gateway.lines.map((line) => JSON.stringify(line).length))).toBeLessThan(10_000);
});

it('of a name that may stand, as much is a label and a place as tells it apart', async () => {
  const server = await mcpServer({ only: '2025-11-25' });
  const gateway = await testGateway({
    hypercare: {},
    mcp: { servers: { all: { url: server.url, allow: OPEN, pin: 'off' } } },
  });
  const name = 'n'.repeat(512);
  await fetch(`${gateway.url}/mcp/all`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } }),
  });
  const line = await gateway.accessLine((each) => each.mcp_method === 'tools/call');
  expect(line.mcp_tool).toBe(name);
  const page = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  expect(/gen_ai_tool_name="(n+)"/.exec(page)?.[1]).toHaveLength(256);
});

it('models, people and tags of megabytes are cut, and leave nothing else of themselves in memory', async () => {
  const provider = await rawProvider((response) =>
    response
      .writeHead(404, { 'content-type': 'application/json' })
      .end('{"error":{"message":"no such model","code":"model_not_found"}}'),
  );
  const gateway = await aiGateway(
    [{ kind: 'openai', baseUrl: `${provider.url}/v1`, passthrough: true } as never],
    {
      hypercare: {},
    },
  );
  await leavesNothing(async (i) => {
    const model = `${i}${'m'.repeat(4 * MB)}`;
    const user = `${i}${'u'.repeat(MB)}`;
    const body = { model, user, metadata: { tags: [`${' '.repeat(MB)}one more tag`] }, messages: [] };
    expect((await chat(gateway, body, {}, '/v1/providers/p0/chat/completions')).status).toBe(404);
    provider.taken.length = 0;
  });
  const page = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  expect(Math.max(...page.split('\n').map((line) => line.length))).toBeLessThan(1000);
  expect(Math.max(...gateway.lines.map((line) => JSON.stringify(line).length))).toBeLessThan(10_000);
});
