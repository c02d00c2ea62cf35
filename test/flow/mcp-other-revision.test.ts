import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { mcpClient, mcpServer, OPEN } from '../helpers/mcp.ts';

// Other tests may keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const INFO = { name: 'x', version: '1' };
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': INFO,
};

const PROGRAM = [process.execPath, join(import.meta.dirname, '../fixtures/mcp/everything-stdio.ts')];
const URI = 'test://static-text';

it('a session of 2025-11-25 at a server of 2026-07-28 subscribes, logs and hears of lists as it does at its own', async () => {
  const server = await mcpServer({ only: '2026-07-28' });
  const gateway = await testGateway({
    mcp: { servers: { all: { url: server.url, allow: OPEN, revisions: ['2026-07-28'] } } },
  });
  const client = await mcpClient(`${gateway.url}/mcp/all`, { legacy: true });
  const heard: string[] = [];
  client.setNotificationHandler('notifications/tools/list_changed', () => void heard.push('tools'));
  client.setNotificationHandler(
    'notifications/resources/updated',
    ({ params }) => void heard.push(params.uri),
  );
  client.setNotificationHandler('notifications/message', ({ params }) => void heard.push(params.level));
  const request = (method: string, params: object) => client.request({ method, params } as never);
  await eventually(() => {
    server.modern.notify.toolsChanged();
    return heard.includes('tools');
  });
  await request('resources/subscribe', { uri: URI });
  await request('resources/subscribe', { uri: URI });
  server.modern.notify.resourceUpdated(URI);
  await eventually(() => heard.includes(URI));
  await request('resources/unsubscribe', { uri: URI });
  heard.length = 0;
  await client.callTool({ name: 'test_tool_with_logging', arguments: {} });
  expect(heard.filter((each) => each === 'info')).toHaveLength(3);
  await request('logging/setLevel', { level: 'error' });
  heard.length = 0;
  server.modern.notify.resourceUpdated(URI);
  await client.callTool({ name: 'test_tool_with_logging', arguments: {} });
  expect(heard).toEqual([]);
});

it('a client of 2026-07-28 has a log where it asks for one, of a program too', async () => {
  const old = await mcpServer({ only: '2025-11-25' });
  const gateway = await testGateway({
    mcp: {
      servers: {
        old: { url: old.url, allow: OPEN, revisions: ['2025-11-25'] },
        program: { command: PROGRAM, allow: OPEN },
      },
    },
  });
  for (const name of ['old', 'program']) {
    const client = await mcpClient(`${gateway.url}/mcp/${name}`);
    const heard: string[] = [];
    client.setNotificationHandler('notifications/message', ({ params }) => void heard.push(params.level));
    const call = (meta: Record<string, unknown>) =>
      client.callTool({ name: 'test_tool_with_logging', arguments: {}, _meta: meta });
    await call({});
    expect(heard, name).toEqual([]);
    await call({ 'io.modelcontextprotocol/logLevel': 'debug' });
    expect(heard, name).toEqual(['info', 'info', 'info']);
  }
});

describe('a server that does not say what it speaks', () => {
  it.each([
    { only: '2026-07-28', legacy: true },
    { only: '2025-11-25', legacy: false },
  ] as const)('is found out, and served in between (%j)', async ({ only, legacy }) => {
    const server = await mcpServer({ only });
    const gateway = await testGateway({ mcp: { servers: { all: { url: server.url, allow: OPEN } } } });
    const client = await mcpClient(`${gateway.url}/mcp/all`, { legacy });
    const { structuredContent } = await client.callTool({ name: 'add', arguments: { a: 2, b: 2 } });
    expect(structuredContent).toEqual({ sum: 4 });
  });

  it.each([
    503, 429,
  ])('and one that is away for a moment (%i) is not taken for one of the other revision', async (status) => {
    const server = await mcpServer();
    const gateway = await testGateway({ mcp: { servers: { all: { url: server.url, allow: OPEN } } } });
    server.refuse(status);
    for (const legacy of [true, false])
      await expect(mcpClient(`${gateway.url}/mcp/all`, { legacy })).rejects.toThrow();
    server.refuse(undefined);
    server.seen.length = 0;
    const client = await mcpClient(`${gateway.url}/mcp/all`, { legacy: true });
    await client.ping();
    const methods = server.seen.flatMap(({ body }) => /"method":"([^"]+)"/.exec(body)?.[1] ?? []);
    expect(methods).toEqual(['initialize', 'notifications/initialized', 'ping']);
  });
});

it.each([
  { legacy: false },
  { legacy: true },
])('a server that is hosted is left alone when it fails too often, what it answers besides messages is nobody’s, and the record says why (%j)', async ({
  legacy,
}) => {
  const only = legacy ? '2026-07-28' : '2025-11-25';
  const server = await mcpServer({ only });
  const breaker = { errorRate: '50%', minRequests: 4, window: '10s', open: '60s' };
  const gateway = await testGateway({
    mcp: {
      servers: {
        all: { url: server.url, allow: OPEN, revisions: [only], pin: 'off', breaker },
        gone: { url: 'http://127.0.0.1:1/mcp', allow: OPEN, revisions: [only], pin: 'off' },
      },
    },
  });
  // One that is not there is told and recorded in either revision, before there is anything to list.
  const away = await fetch(`${gateway.url}/mcp/gone`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(!legacy && { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' }),
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      ...(legacy
        ? {
            method: 'initialize',
            params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: INFO },
          }
        : { method: 'tools/list', params: { _meta: META } }),
    }),
  });
  expect(away.status).toBe(502);
  expect(await away.json()).toMatchObject({ id: 1, error: { data: { code: 'upstream_connect' } } });
  const told = await gateway.accessLine(({ mcp_server }) => mcp_server === 'gone');
  expect(told).toMatchObject({ reason: 'upstream_connect', mcp_outcome: 'failed' });
  const client = await mcpClient(`${gateway.url}/mcp/all`, { legacy });
  const add = () =>
    client.callTool({ name: 'add', arguments: { a: 1, b: 2 } }).then(
      ({ structuredContent }) => ({ structuredContent }),
      ({ message, data }) => ({ message, data }),
    );
  expect(await add()).toEqual({ structuredContent: { sum: 3 } });
  server.refuse(500);
  const failed = await add();
  expect(failed).toMatchObject({ data: { code: 'mcp_answer_invalid' } });
  expect(JSON.stringify(failed)).not.toContain('the inside');
  const left = await eventually(async () => {
    const answer = await add();
    return 'data' in answer && answer.data.code === 'breaker_open' ? answer : undefined;
  });
  const line = await gateway.accessLine(({ reason }) => reason === 'breaker_open');
  expect(line).toMatchObject({ mcp_tool: 'add', mcp_outcome: 'failed', request_id: left.data.request_id });
  const asked = server.seen.length;
  await add();
  expect(server.seen).toHaveLength(asked);
});

it('arguments that a server of 2026-07-28 wants in headers are there for clients that have no such duty', async () => {
  const build = (): McpServer => {
    const server = new McpServer({ name: 'regions', version: '1' }, { capabilities: { tools: {} } });
    const inputSchema = z.object({ region: z.string().meta({ 'x-mcp-header': 'Region' }) });
    server.registerTool('where', { inputSchema }, async ({ region }) => ({
      content: [{ type: 'text', text: region }],
    }));
    return server;
  };
  const server = await mcpServer({ build, only: '2026-07-28' });
  const gateway = await testGateway({
    // Nobody has looked at the tools when the first call comes.
    mcp: { servers: { all: { url: server.url, allow: OPEN, revisions: ['2026-07-28'], pin: 'off' } } },
  });
  const client = await mcpClient(`${gateway.url}/mcp/all`, { legacy: true });
  const call = (name: string) => ({ name, arguments: { region: 'eu' } });
  expect(await client.callTool(call('where'))).toMatchObject({ content: [{ text: 'eu' }] });
  for (const legacy of [false, true]) {
    const all = await mcpClient(`${gateway.url}/mcp`, { legacy });
    expect(await all.callTool(call('all__where'))).toMatchObject({ content: [{ text: 'eu' }] });
  }
});

it('a client that has other roots than before says so to servers that are hosted', async () => {
  let told = 0;
  const build = (): McpServer => {
    const server = new McpServer({ name: 'roots', version: '1' }, { capabilities: { tools: {} } });
    server.server.setNotificationHandler('notifications/roots/list_changed', () => void told++);
    return server;
  };
  const server = await mcpServer({ build, only: '2025-11-25' });
  const gateway = await testGateway({
    mcp: { servers: { all: { url: server.url, allow: OPEN, revisions: ['2025-11-25'] } } },
  });
  const client = new Client(INFO, {
    capabilities: { roots: { listChanged: true } },
    versionNegotiation: { mode: 'legacy' },
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${gateway.url}/mcp`)));
  onTestFinished(() => client.close());
  await client.sendRootsListChanged();
  await eventually(() => told === 1);
});
