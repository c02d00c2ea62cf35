import { createHash } from 'node:crypto';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport as AnyTransport1 } from '@modelcontextprotocol/sdk/shared/transport.js';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { testGateway } from '../helpers/gateway.ts';
import { mcpClient, mcpServer, OPEN } from '../helpers/mcp.ts';
import { rawClient } from '../helpers/raw-http.ts';

// Other tests may keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const consumer = (name: string) => ({
  name,
  keys: [{ id: 'k', sha256: createHash('sha256').update(`${name}-key`).digest('hex') }],
});
const behind = (url: string, settings: object = {}) => ({
  consumers: [consumer('ada'), consumer('bob')],
  mcp: { servers: { all: { url, allow: OPEN, ...settings } } },
});
const text = (result: unknown): string => (result as { content: { text: string }[] }).content[0]?.text ?? '';
const post = (url: string, body: object, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', ...body }),
  });
const initialize = {
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
};

describe('a server behind the gateway gives what it gives directly', () => {
  it.each([{ legacy: false }, { legacy: true }])('to the SDK 2.x (%j)', async ({ legacy }) => {
    const server = await mcpServer();
    const gateway = await testGateway(behind(server.url));
    const [direct, through] = await Promise.all([
      mcpClient(server.url, { legacy }),
      mcpClient(`${gateway.url}/mcp/all`, { legacy }),
    ]);
    expect(through.getServerVersion()).toEqual(direct.getServerVersion());
    expect(through.getServerCapabilities()).toEqual(direct.getServerCapabilities());
    for (const ask of ['listTools', 'listPrompts', 'listResources', 'listResourceTemplates'] as const)
      expect(await through[ask]()).toEqual(await direct[ask]());
    for (const name of ['test_simple_text', 'test_multiple_content_types', 'test_error_handling'])
      expect(await through.callTool({ name })).toEqual(await direct.callTool({ name }));
    expect(await through.readResource({ uri: 'test://static-text' })).toEqual(
      await direct.readResource({ uri: 'test://static-text' }),
    );
    const asked = legacy
      ? { name: 'test_elicitation', arguments: { message: 'sure?' } }
      : { name: 'test_input_required_result_multi_round' };
    expect(await through.callTool(asked)).toEqual(await direct.callTool(asked));
    const steps: number[] = [];
    await through.callTool(
      { name: 'test_tool_with_progress', arguments: {} },
      { onprogress: ({ progress }) => steps.push(progress) },
    );
    expect(steps).toEqual([0, 50, 100]);
  });

  it('to the SDK 1.x, whose session ends when it says so', async () => {
    const server = await mcpServer();
    const gateway = await testGateway(behind(server.url));
    const client = new Client1({ name: 'old', version: '1' });
    const transport = new Transport1(new URL(`${gateway.url}/mcp/all`));
    await client.connect(transport as AnyTransport1);
    onTestFinished(() => client.close());
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('add');
    expect(text(await client.callTool({ name: 'add', arguments: { a: 2, b: 3 } }))).toBe('5');
    const { sessionId = '' } = transport;
    await transport.terminateSession();
    const late = await post(
      `${gateway.url}/mcp/all`,
      { id: 2, method: 'ping' },
      { 'mcp-session-id': sessionId },
    );
    expect(late.status).toBe(404);
  });

  it('and is recorded: method, tool, server, session and how it ended', async () => {
    const server = await mcpServer();
    const gateway = await testGateway(behind(server.url));
    const client = await mcpClient(`${gateway.url}/mcp/all`, { legacy: true });
    await client.callTool({ name: 'test_error_handling' });
    const line = await gateway.accessLine(({ mcp_tool }) => mcp_tool === 'test_error_handling');
    expect(line).toMatchObject({
      route: 'mcp',
      mcp_method: 'tools/call',
      mcp_server: 'all',
      mcp_revision: '2025-11-25',
      mcp_outcome: 'tool_error',
      upstream: 'all',
    });
    expect(line.mcp_session).toMatch(/^[\w-]{12}$/);
    const labels = {
      mcp_method_name: 'tools/call',
      gen_ai_tool_name: 'test_error_handling',
      outcome: 'tool_error',
    };
    expect(await gateway.metric('mcp_server_operation_duration_seconds_count', labels)).toBe(1);
  });
});

describe('who may use what', () => {
  it('is nobody anything, unless the config says so', async () => {
    const server = await mcpServer();
    const gateway = await testGateway(behind(server.url, { allow: [] }));
    const refused = await post(`${gateway.url}/mcp/all`, initialize);
    expect(refused.status).toBe(404);
    expect(await refused.json()).toMatchObject({
      jsonrpc: '2.0',
      error: { data: { code: 'mcp_server_unknown' } },
    });
    expect(server.seen).toEqual([]);
  });

  it('holds for lists and for calls, also of a name that stands twice', async () => {
    const server = await mcpServer();
    const gateway = await testGateway({
      ...behind(server.url),
      mcp: {
        policies: [{ 'auth-api-key': {} }],
        servers: {
          all: {
            url: server.url,
            allow: [
              { consumers: ['ada'], tools: ['test_simple_*', 'add'] },
              { consumers: ['bob'], tools: ['*'], resources: ['test://static-text'] },
            ],
          },
        },
      },
    });
    const url = `${gateway.url}/mcp/all`;
    const ada = await mcpClient(url, { key: 'ada-key' });
    expect((await ada.listTools()).tools.map(({ name }) => name)).toEqual(['test_simple_text', 'add']);
    await expect(ada.callTool({ name: 'test_image_content' })).rejects.toThrow('nothing of this name');
    await expect(ada.readResource({ uri: 'test://static-text' })).rejects.toThrow('nothing of this name');
    expect((await ada.listPrompts()).prompts).toEqual([]);
    const bob = await mcpClient(url, { key: 'bob-key', legacy: true });
    expect((await bob.listTools()).tools.length).toBeGreaterThan(20);
    expect((await bob.listResources()).resources.map(({ uri }) => uri)).toEqual(['test://static-text']);
    await expect(bob.readResource({ uri: 'test://static-text/../static-binary' })).rejects.toThrow(
      'nothing of this name',
    );
    const before = server.seen.length;
    const twice = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'x-api-key': 'ada-key',
        // In the older revision nobody holds them against the body.
        'mcp-name': 'test_image_content',
        'mcp-param-x': '1',
      },
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"test_image_content","name":"add","arguments":{"a":12345678901234567890,"b":1}}}',
    });
    await twice.text();
    expect(server.seen[before]?.body).toBe(
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"a":12345678901234567890,"b":1}}}',
    );
    expect(server.seen[before]?.headers).not.toHaveProperty('mcp-name');
    expect(server.seen[before]?.headers).not.toHaveProperty('mcp-param-x');
    const seen = server.seen.length;
    // Nor is a name another one because it looks like it.
    for (const name of [
      'ADD',
      'add ',
      'ａｄｄ',
      'a\u200bdd',
      'add\0',
      'all__add',
      ['add'],
      { name: 'add' },
      null,
    ]) {
      const answer = await post(
        url,
        { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } },
        { 'x-api-key': 'ada-key' },
      );
      expect(await answer.json(), String(name)).toMatchObject({
        error: { data: { code: 'mcp_not_allowed' } },
      });
    }
    expect(server.seen).toHaveLength(seen);
    const line = await gateway.accessLine(({ reason }) => reason === 'mcp_not_allowed');
    expect(line).toMatchObject({ status: 200, mcp_outcome: 'refused', consumer: 'ada' });
    expect(line.mcp_tool).toBeUndefined();
  });

  it('makes what a server lists for all a private list', async () => {
    const server = await mcpServer();
    const list = { method: 'tools/list', params: {} };
    const scopeOf = async (allow: object[], asked: object = list) => {
      const gateway = await testGateway(behind(server.url, { allow }));
      const client = await mcpClient(`${gateway.url}/mcp/all`);
      return ((await client.request(asked as never)) as { cacheScope?: string }).cacheScope;
    };
    expect(await scopeOf(OPEN)).toBe('public');
    expect(await scopeOf([{ anyone: true, tools: ['add'] }])).toBe('private');
    const read = { method: 'resources/read', params: { uri: 'test://static-text' } };
    const some = [{ anyone: true, resources: ['test://*'] }];
    expect([await scopeOf(OPEN, read), await scopeOf(some, read)]).toEqual(['public', 'private']);
  });

  it('and how often: a limit and a budget of a tool', async () => {
    const server = await mcpServer();
    const tools = {
      add: { rateLimit: { limit: 2, window: '1h' } },
      test_simple_text: { usd: 0.5, budget: { usd: 1, per: '1d' } },
      test_input_required_result_multi_round: { rateLimit: { limit: 1, window: '1h' } },
    };
    const gateway = await testGateway(behind(server.url, { tools }));
    const client = await mcpClient(`${gateway.url}/mcp/all`);
    const add = () => client.callTool({ name: 'add', arguments: { a: 1, b: 1 } });
    await add();
    await add();
    await expect(add()).rejects.toThrow('Too many requests');
    await client.callTool({ name: 'test_simple_text' });
    await client.callTool({ name: 'test_simple_text' });
    await expect(client.callTool({ name: 'test_simple_text' })).rejects.toThrow('budget is spent');
    // However often it asks, it is one call.
    const asking = { name: 'test_input_required_result_multi_round' };
    expect(text(await client.callTool(asking))).toContain('all rounds are done');
    await expect(client.callTool(asking)).rejects.toThrow('Too many requests');
    const all = await mcpClient(`${gateway.url}/mcp`, { key: 'ada-key' });
    const named = { name: 'all__test_input_required_result_multi_round' };
    await expect(all.callTool(named)).rejects.toThrow('Too many requests');
  });
});

describe('safety', () => {
  it('a session is its opener’s alone', async () => {
    const server = await mcpServer();
    const config = behind(server.url);
    const gateway = await testGateway({
      ...config,
      mcp: { ...config.mcp, policies: [{ 'auth-api-key': {} }] },
    });
    const url = `${gateway.url}/mcp/all`;
    const opened = await post(url, initialize, { 'x-api-key': 'ada-key' });
    const id = opened.headers.get('mcp-session-id') ?? '';
    await opened.text();
    const ping = (key: string) =>
      post(url, { id: 2, method: 'ping' }, { 'x-api-key': key, 'mcp-session-id': id });
    expect((await ping('bob-key')).status).toBe(404);
    expect((await ping('ada-key')).status).toBe(200);
    // The server's own id is not the client's to know, nor to use.
    const theirs = server.seen.at(-1)?.headers['mcp-session-id'];
    expect(theirs).not.toBe(id);
    expect(
      (
        await post(
          url,
          { id: 3, method: 'ping' },
          { 'x-api-key': 'ada-key', 'mcp-session-id': String(theirs) },
        )
      ).status,
    ).toBe(404);
  });

  it('a client’s credentials go no further than the gateway', async () => {
    const server = await mcpServer();
    const gateway = await testGateway(
      behind(server.url, { auth: { token: 'of the gateway' }, headers: { 'x-team': 'red' } }),
    );
    const answer = await post(`${gateway.url}/mcp/all`, initialize, {
      authorization: 'Bearer of-the-client',
      cookie: 'a=b',
      'x-api-key': 'k',
    });
    await answer.text();
    const { headers } = server.seen[0] ?? { headers: {} };
    expect(headers).toMatchObject({ authorization: 'Bearer of the gateway', 'x-team': 'red' });
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['cookie']));
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['x-api-key']));
  });

  it('what a server has a client carry is sealed, and another’s is refused', async () => {
    const server = await mcpServer();
    const config = behind(server.url);
    const gateway = await testGateway({
      ...config,
      mcp: { ...config.mcp, policies: [{ 'auth-api-key': {} }] },
    });
    const name = 'test_input_required_result_request_state';
    const call = async (key: string, params: object) => {
      const client = await mcpClient(`${gateway.url}/mcp/all`, { key });
      return client.request(
        { method: 'tools/call', params: { name, ...params } } as never,
        {
          allowInputRequired: true,
        } as never,
      ) as Promise<Record<string, unknown>>;
    };
    const first = await call('ada-key', {});
    const state = String(first.requestState);
    // Five parts: an encrypted JWT and not the server's own words.
    expect(state.split('.')).toHaveLength(5);
    const answered = {
      inputResponses: { confirm: { action: 'accept', content: { ok: true } } },
      requestState: state,
    };
    await expect(call('bob-key', answered)).rejects.toThrow('Invalid or expired requestState');
    await expect(call('ada-key', { ...answered, requestState: `${state}x` })).rejects.toThrow(
      'Invalid or expired',
    );
    await expect(
      call('ada-key', { ...answered, name: 'test_input_required_result_tampered_state' }),
    ).rejects.toThrow('Invalid or expired');
    // Nor does an answer about one thing do another.
    await expect(call('ada-key', { ...answered, arguments: { of: 'another' } })).rejects.toThrow(
      'Invalid or expired',
    );
    expect(text(await call('ada-key', answered))).toBe('state-ok');
    // What the header names is what the body names, for who routes and counts by it.
    const names = (named: string) =>
      post(
        `${gateway.url}/mcp/all`,
        {
          id: 1,
          method: 'tools/call',
          params: {
            name: 'test_simple_text',
            _meta: {
              'io.modelcontextprotocol/protocolVersion': '2026-07-28',
              'io.modelcontextprotocol/clientCapabilities': {},
              'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
            },
          },
        },
        {
          'x-api-key': 'ada-key',
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': 'tools/call',
          'mcp-name': named,
        },
      );
    expect((await names('test_simple_text')).status).toBe(200);
    const before = server.seen.length;
    const bent = await names('add');
    expect(bent.status).toBe(400);
    expect(await bent.json()).toMatchObject({ id: 1, error: { code: -32020 } });
    expect(server.seen).toHaveLength(before);
  });

  it('a page of another site is refused, and a name that was bent to this address', async () => {
    const server = await mcpServer();
    const gateway = await testGateway(behind(server.url));
    const foreign = await post(`${gateway.url}/mcp/all`, initialize, { origin: 'https://evil.example' });
    expect(foreign.status).toBe(403);
    expect(await foreign.json()).toMatchObject({ error: { data: { code: 'mcp_origin_refused' } } });
    const { host } = new URL(gateway.url);
    const body = JSON.stringify({ jsonrpc: '2.0', ...initialize });
    const statusUnder = async (name: string): Promise<number> => {
      const client = await rawClient(gateway.url);
      client.send(
        `POST /mcp/all HTTP/1.1\r\nhost: ${name}\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
      );
      return (await client.untilClosed())[0]?.status ?? 0;
    };
    for (const bent of [
      'evil.example',
      `evil.example:${host.split(':')[1]}`,
      '127.0.0.1.evil.example',
      '10.0.0.1',
    ])
      expect(await statusUnder(bent), bent).toBe(403);
    expect(server.seen).toEqual([]);
    expect(await statusUnder(host)).toBe(200);
  });

  it('what is too large does not pass, and what a policy redacts is not there', async () => {
    const server = await mcpServer();
    const small = await testGateway(behind(server.url, { results: { maxSize: '300b' } }));
    const answer = await post(`${small.url}/mcp/all`, initialize);
    expect(await answer.text()).toContain('mcp_result_too_large');
    const config = behind(server.url);
    const gateway = await testGateway({
      ...config,
      mcp: {
        ...config.mcp,
        policies: [{ redact: { patterns: { word: 'simple text|of 100|sure|Invalid' } } }],
      },
    });
    const client = await mcpClient(`${gateway.url}/mcp/all`);
    expect(text(await client.callTool({ name: 'test_simple_text' }))).toBe(
      'This is a [WORD] response for testing.',
    );
    // Nor in what else it says: progress, questions and errors.
    const said: unknown[] = [];
    const options = { onprogress: ({ message }: { message?: string }) => void said.push(message) };
    await client.callTool({ name: 'test_tool_with_progress', arguments: {} }, options);
    expect(said.at(-1)).toBe('Completed step 100 [WORD]');
    const old = await mcpClient(`${gateway.url}/mcp/all`, { legacy: true });
    old.setRequestHandler('elicitation/create', async ({ params }) => {
      said.push(params.message);
      return { action: 'accept', content: { response: 'yes' } };
    });
    await old.callTool({ name: 'test_elicitation', arguments: { message: 'are you sure?' } });
    expect(said.at(-1)).toBe('are you [WORD]?');
    const refusal = old.readResource({ uri: 'test://are-you-sure' });
    await expect(refusal).rejects.toThrow('are-you-[WORD]');
  });
});

describe('a session that the server has forgotten', () => {
  it('is opened once more behind the client’s back', async () => {
    const server = await mcpServer();
    const gateway = await testGateway(behind(server.url));
    const client = await mcpClient(`${gateway.url}/mcp/all`, { legacy: true });
    await server.forget();
    expect(text(await client.callTool({ name: 'add', arguments: { a: 1, b: 2 } }))).toBe('3');
    expect(text(await client.callTool({ name: 'add', arguments: { a: 2, b: 2 } }))).toBe('4');
    expect(server.seen.filter(({ body }) => body.includes('"initialize"'))).toHaveLength(2);
  });

  it('or answered 404, so that the client begins anew', async () => {
    const server = await mcpServer();
    const gateway = await testGateway(behind(server.url, { onSessionLost: 'notFound' }));
    const opened = await post(`${gateway.url}/mcp/all`, initialize);
    const id = opened.headers.get('mcp-session-id') ?? '';
    await opened.text();
    await server.forget();
    for (let again = 0; again < 2; again++)
      expect(
        (await post(`${gateway.url}/mcp/all`, { id: 2, method: 'ping' }, { 'mcp-session-id': id })).status,
      ).toBe(404);
  });
});

it('a stream whose server can’t resume it is resumed from what the gateway kept', async () => {
  const server = await mcpServer({ resumable: false });
  const gateway = await testGateway(behind(server.url));
  const url = `${gateway.url}/mcp/all`;
  const opened = await post(url, initialize);
  const session = {
    'mcp-session-id': opened.headers.get('mcp-session-id') ?? '',
    'mcp-protocol-version': '2025-11-25',
  };
  await opened.text();
  await post(url, { method: 'notifications/initialized' }, session);
  const call = {
    id: 7,
    method: 'tools/call',
    params: { name: 'test_tool_with_progress', arguments: { pauseMs: 150 }, _meta: { progressToken: 'p' } },
  };
  const answer = await post(url, call, session);
  const reader = answer.body!.getReader();
  const first = new TextDecoder().decode((await reader.read()).value);
  const id = /^id: (.+)$/m.exec(first)?.[1] ?? '';
  expect(id).toMatch(/^g\./);
  await reader.cancel();
  const rest = await fetch(url, {
    headers: { accept: 'text/event-stream', 'last-event-id': id, ...session },
  });
  const said = await rest.text();
  expect(said).toContain('"progress":100');
  expect(said).toMatch(/"id":7/);
  // One that there never was is told so at once, and not with 404: the session goes on.
  for (const never of [
    id.replace(/^g\.[^.]+/, 'g.other').replace(/\.[^.]*$/, '.1_1-1'),
    `${id.replace(/\.[^.]*$/, '')}.1_x`,
  ]) {
    const headers = { accept: 'text/event-stream', 'last-event-id': never, ...session };
    expect((await fetch(url, { headers })).status).toBe(400);
  }
  const foreign = await fetch(url, { headers: { accept: 'text/event-stream', 'last-event-id': id } });
  expect(foreign.status).toBe(400);
  // Clients without a session are told that there is no stream, and go on.
  for (const method of ['GET', 'DELETE']) {
    const none = await fetch(url, { method, headers: { accept: 'text/event-stream' } });
    expect(none.status).toBe(405);
    expect(none.headers.get('allow')).toBe('POST');
  }
});
