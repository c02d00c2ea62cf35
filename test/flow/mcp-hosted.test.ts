import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { mcpClient, mcpServer, OPEN } from '../helpers/mcp.ts';

// Other tests may keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const PROGRAM = [process.execPath, join(import.meta.dirname, '../fixtures/mcp/everything-stdio.ts')];
const text = (result: unknown): string => (result as { content: { text: string }[] }).content[0]?.text ?? '';
const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
/** Where it is not about what a program speaks or lists: it is started once and not four times, to try it and to look at it. */
const ONCE = { allow: OPEN, pin: 'off' } as const;
const OF_2026 = { ...ONCE, command: PROGRAM, revisions: ['2026-07-28'] } as const;
const OF_2025 = { ...ONCE, revisions: ['2025-11-25'] } as const;
const ERAS = [{ legacy: false }, { legacy: true }];

describe.each(ERAS)('a client (%j)', ({ legacy }) => {
  it('is served what a program has', async () => {
    const gateway = await testGateway({ mcp: { servers: { all: { command: PROGRAM, allow: OPEN } } } });
    const client = await mcpClient(`${gateway.url}/mcp/all`, { legacy });
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain(
      'test_input_required_result_sampling',
    );
    expect(text(await client.callTool({ name: 'add', arguments: { a: 2, b: 2 } }))).toBe('4');
    // In either revision the client is asked in its own way.
    expect(text(await client.callTool({ name: 'test_input_required_result_elicitation' }))).toBe(
      'Hello, Ada!',
    );
    const steps: number[] = [];
    await client.callTool(
      { name: 'test_tool_with_progress', arguments: {} },
      { onprogress: ({ progress }) => steps.push(progress) },
    );
    expect(steps).toEqual([0, 50, 100]);
    expect((await client.readResource({ uri: 'test://static-text' })).contents[0]).toMatchObject({
      mimeType: 'text/plain',
    });
  });

  it('is served by a server of the other revision', async () => {
    const server = await mcpServer({ only: legacy ? '2026-07-28' : '2025-11-25' });
    const gateway = await testGateway({
      mcp: {
        servers: { all: { url: server.url, allow: OPEN, revisions: [legacy ? '2026-07-28' : '2025-11-25'] } },
      },
    });
    const client = await mcpClient(`${gateway.url}/mcp/all`, { legacy });
    expect(client.getProtocolEra()).toBe(legacy ? 'legacy' : 'modern');
    expect(text(await client.callTool({ name: 'add', arguments: { a: 2, b: 2 } }))).toBe('4');
    const asking = legacy
      ? { name: 'test_input_required_result_multi_round' }
      : { name: 'test_elicitation', arguments: { message: 'sure?' } };
    expect(text(await client.callTool(asking))).toMatch(
      legacy ? 'all rounds are done' : 'User response: action=accept',
    );
    expect((await client.getPrompt({ name: 'test_simple_prompt' })).messages).toHaveLength(1);
  });

  it('sees several servers as one, each with its own names', async () => {
    const small = (tools: string[]) => (): McpServer => {
      const server = new McpServer({ name: 'small', version: '1.0.0' }, { capabilities: { tools: {} } });
      for (const name of tools)
        server.registerTool(name, { inputSchema: z.object({}) }, async () => ({
          content: [{ type: 'text', text: `${tools.length} ${name}` }],
        }));
      return server;
    };
    const [first, second, third] = await Promise.all([
      mcpServer({ build: small(['b__c', 'x']) }),
      mcpServer({ build: small(['c']) }),
      mcpServer(),
    ]);
    const gateway = await testGateway({
      mcp: {
        servers: {
          a__b: { url: second?.url, allow: OPEN },
          a: { url: first?.url, allow: [{ anyone: true, tools: ['b__c'] }] },
          z: {
            url: third?.url,
            allow: [
              { anyone: true, tools: ['add', 'test_input_required_result_elicitation'], resources: ['*'] },
            ],
          },
        },
      },
    });
    const client = await mcpClient(`${gateway.url}/mcp`, { legacy });
    const { tools } = await client.listTools();
    const [ours, theirs] = tools.map(({ name }) => name);
    expect(tools.map(({ name }) => name)).toEqual([
      expect.stringMatching(/^a__b__c_[0-9a-f]{8}$/),
      expect.stringMatching(/^a__b__c_[0-9a-f]{8}$/),
      'z__add',
      'z__test_input_required_result_elicitation',
    ]);
    const call = async (name: string, input = {}) => text(await client.callTool({ name, arguments: input }));
    expect(await call(String(ours))).toBe('2 b__c');
    expect(await call(String(theirs))).toBe('1 c');
    expect(await call('z__add', { a: 1, b: 1 })).toBe('2');
    expect(await call('z__test_input_required_result_elicitation')).toBe('Hello, Ada!');
    await expect(call('a__x')).rejects.toThrow('nothing of this name');
    await expect(call('z__test_simple_text')).rejects.toThrow('nothing of this name');
    expect((await client.readResource({ uri: 'test://template/7/data' })).contents).toHaveLength(1);
    const line = await gateway.accessLine(({ mcp_tool }) => mcp_tool === 'add');
    expect(line).toMatchObject({ mcp_server: 'z', mcp_method: 'tools/call', mcp_outcome: 'ok' });
    // One that is gone leaves its names to nobody.
    await first?.close();
    const later = await mcpClient(`${gateway.url}/mcp`, { legacy });
    expect((await later.listTools()).tools.map(({ name }) => name)).toContain(theirs);
    await expect(later.callTool({ name: 'a__b__c' })).rejects.toThrow('nothing of this name');
    await expect(later.callTool({ name: String(ours) })).rejects.toThrow('nothing of this name');
  });
});

describe.each(ERAS)('a reload that leaves a server as it was (%j)', ({ legacy }) => {
  it.each(['/mcp/all', '/mcp'])('ends no session of it and no call that waits: %s', async (path) => {
    const config = { mcp: { servers: { all: OF_2026 } } };
    const gateway = await testGateway(config);
    const client = await mcpClient(gateway.url + path, { legacy });
    const name = (tool: string) => (path === '/mcp' ? `all__${tool}` : tool);
    let reloads = 0;
    client.setRequestHandler('elicitation/create', async () => {
      reloads++;
      await gateway.write({
        ...config,
        upstreams: { shop: { targets: [{ url: `http://127.0.0.1:${8 + reloads}` }] } },
      });
      expect(await gateway.reload()).toBe(true);
      return { action: 'accept', content: { name: 'Ada', response: 'yes', ok: true } };
    });
    expect(text(await client.callTool({ name: name('test_input_required_result_elicitation') }))).toBe(
      'Hello, Ada!',
    );
    expect(reloads).toBe(1);
    expect(text(await client.callTool({ name: name('add'), arguments: { a: 2, b: 2 } }))).toBe('4');
    // What was taken out is gone, with what it had open.
    await gateway.write({ mcp: { servers: { other: OF_2026 } } });
    expect(await gateway.reload()).toBe(true);
    await expect(client.callTool({ name: name('add'), arguments: { a: 2, b: 2 } })).rejects.toThrow();
  });
});

it('a program that ends is started again, and one that keeps ending is left alone', async () => {
  const gateway = await testGateway({
    mcp: {
      servers: {
        brief: {
          command: [process.execPath, '-e', 'process.exit(3)'],
          process: { restarts: 2 },
          allow: OPEN,
          revisions: ['2025-11-25'],
        },
      },
    },
  });
  const ask = () => mcpClient(`${gateway.url}/mcp/brief`, { legacy: true }).then(() => 'served', String);
  for (let at = 0; at < 5; at++) expect(await ask()).toContain('can’t be started');
  await eventually(() => gateway.lines.find(({ msg }) => msg.includes('has ended by itself')));
  const started = gateway.lines.filter(({ msg }) => msg.includes('has ended by itself')).length;
  expect(started).toBeLessThanOrEqual(3);
});

describe('a server that hangs', () => {
  const hanging = (): McpServer => {
    const server = new McpServer({ name: 'hanging', version: '1.0.0' }, { capabilities: { tools: {} } });
    server.registerTool('hang', {}, () => new Promise(() => undefined));
    return server;
  };

  it.each(ERAS)('holds up no call for ever (%j); one that waits for a person is not hung', async ({
    legacy,
  }) => {
    const [hung, old] = await Promise.all([mcpServer({ build: hanging }), mcpServer({ only: '2025-11-25' })]);
    const timeouts = { idle: '2s' };
    const gateway = await testGateway({
      mcp: {
        servers: {
          hung: { url: hung.url, allow: OPEN, timeouts },
          old: { url: old.url, allow: OPEN, timeouts, revisions: ['2025-11-25'] },
        },
      },
    });
    const client = await mcpClient(`${gateway.url}/mcp`, { legacy });
    await expect(client.callTool({ name: 'hung__hang' })).rejects.toThrow('did not answer in time');
    client.setRequestHandler('elicitation/create', async () => {
      await new Promise((resolve) => setTimeout(resolve, 3000));
      return { action: 'accept', content: { response: 'yes' } };
    });
    const asking = { name: 'old__test_elicitation', arguments: { message: 'sure?' } };
    expect(text(await client.callTool(asking))).toMatch('User response: action=accept');
  });
});

it('of several servers one that ends takes no session with it, and is there again for the next call', async () => {
  const leaving = `
    import { McpServer } from '@modelcontextprotocol/server';
    import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
    const server = new McpServer({ name: 'l', version: '1' }, { capabilities: { tools: {} } });
    server.registerTool('leave', {}, () => process.exit(3));
    server.registerTool('pid', {}, async () => ({ content: [{ type: 'text', text: String(process.pid) }] }));
    await server.connect(new StdioServerTransport());
  `;
  const server = await mcpServer();
  const gateway = await testGateway({
    mcp: {
      servers: {
        brief: { ...OF_2025, command: [process.execPath, '--input-type=module', '-e', leaving] },
        other: { url: server.url, allow: OPEN },
      },
    },
  });
  const client = await mcpClient(`${gateway.url}/mcp`, { legacy: true });
  const before = text(await client.callTool({ name: 'brief__pid' }));
  const opened = server.seen.length;
  await expect(client.callTool({ name: 'brief__leave' })).rejects.toThrow();
  expect(text(await client.callTool({ name: 'other__add', arguments: { a: 2, b: 2 } }))).toBe('4');
  expect(text(await client.callTool({ name: 'brief__pid' }))).not.toBe(before);
  expect(server.seen.slice(opened).some(({ body }) => body.includes('server/discover'))).toBe(false);
});

it('an initialize that is refused leaves no program behind', async () => {
  const gateway = await testGateway({
    mcp: { servers: { all: { ...OF_2026, process: { max: 1 } } } },
  });
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
  for (let i = 0; i < 2; i++) {
    const refused = await fetch(`${gateway.url}/mcp/all`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
    });
    expect(refused.status).toBe(406);
  }
  expect((await (await mcpClient(`${gateway.url}/mcp/all`, { legacy: true })).listTools()).tools).not.toEqual(
    [],
  );
});

it('programs that only wait make room for who comes, and one who holds all of them for who has none', async () => {
  const key = (name: string) => ({ id: 'k', sha256: createHash('sha256').update(name).digest('hex') });
  const gateway = await testGateway({
    consumers: ['ada', 'bob'].map((name) => ({ name, keys: [key(name)] })),
    mcp: {
      policies: [{ 'auth-api-key': {} }],
      servers: { all: { ...OF_2026, process: { max: 2 } } },
    },
  });
  // Each with capabilities of its own, so that no connection serves two.
  for (let at = 0; at < 4; at++) {
    const client = new Client(
      { name: `c${at}`, version: '1' },
      { capabilities: { experimental: { [`x${at}`]: {} } }, versionNegotiation: { mode: 'auto' } },
    );
    const requestInit = { headers: { 'x-api-key': 'ada' } };
    await client.connect(
      new StreamableHTTPClientTransport(new URL(`${gateway.url}/mcp/all`), { requestInit }),
    );
    onTestFinished(() => client.close());
    expect(text(await client.callTool({ name: 'add', arguments: { a: 2, b: at } }))).toBe(String(2 + at));
  }
  const open = (name: string) => mcpClient(`${gateway.url}/mcp/all`, { key: name, legacy: true });
  const add = async (client: Client) =>
    text(await client.callTool({ name: 'add', arguments: { a: 2, b: 2 } }));
  const [older, newer] = [await open('ada'), await open('ada')];
  expect(await add(newer)).toBe('4');
  const bob = await open('bob');
  expect([await add(bob), await add(newer)]).toEqual(['4', '4']);
  // One each: nobody has more than another.
  await expect(add(older)).rejects.toThrow();
});

describe('a program that does not behave', () => {
  const bad = `
    import { spawn } from 'node:child_process';
    import { McpServer } from '@modelcontextprotocol/server';
    import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
    const server = new McpServer({ name: 'bad', version: '1' }, { capabilities: { tools: {} } });
    const say = (text) => ({ content: [{ type: 'text', text }] });
    server.registerTool('pid', {}, async () => say(String(process.pid)));
    server.registerTool('hang', {}, () => { for (;;); });
    // Its child holds its pipes open: nobody hears that it has ended.
    server.registerTool('orphan', {}, () => {
      spawn('sleep', ['12'], { stdio: 'inherit' });
      process.exit(0);
    });
    // Nor does what it has begun outlive it, which holds none of them.
    server.registerTool('child', {}, async () => say(String(spawn('sleep', ['600'], { stdio: 'ignore' }).pid)));
    server.registerTool('garbage', {}, async () => {
      process.stdout.write('no message\\n{"jsonrpc":"2.0","id":4711,"result":{}}\\n');
      return say('said');
    });
    await server.connect(new StdioServerTransport());
  `;

  it.each(ERAS)('costs its call and no other (%j)', async ({ legacy }) => {
    const command = [process.execPath, '--input-type=module', '-e', bad];
    const gateway = await testGateway({
      mcp: { servers: { bad: { ...OF_2025, command, timeouts: { idle: '2s' } } } },
    });
    const client = await mcpClient(`${gateway.url}/mcp/bad`, { legacy });
    const pid = () => client.callTool({ name: 'pid' }).then(text, () => '');
    const first = await pid();
    expect(text(await client.callTool({ name: 'garbage' }))).toBe('said');
    expect(await pid()).toBe(first);
    await expect(client.callTool({ name: 'hang' })).rejects.toThrow('did not answer in time');
    const second = await eventually(pid, 30_000);
    expect(second).not.toBe(first);
    await expect(client.callTool({ name: 'orphan' })).rejects.toThrow();
    expect(await eventually(pid, 30_000)).not.toBe(second);
    const child = Number(text(await client.callTool({ name: 'child' })));
    expect(isRunning(child)).toBe(true);
    // A stream that is open is waited for.
    await client.close();
    await gateway.close();
    expect(await eventually(() => !isRunning(child), 30_000)).toBe(true);
  });
});

it.each(
  ERAS,
)('a program that nobody asks anything is ended after process.idle, and begun for the next call (%j)', async ({
  legacy,
}) => {
  const says = `
    import { McpServer } from '@modelcontextprotocol/server';
    import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
    const server = new McpServer({ name: 'p', version: '1' }, { capabilities: { tools: {} } });
    server.registerTool('pid', {}, async () => ({ content: [{ type: 'text', text: String(process.pid) }] }));
    await server.connect(new StdioServerTransport());
  `;
  const command = [process.execPath, '--input-type=module', '-e', says];
  const gateway = await testGateway({
    mcp: { servers: { all: { ...OF_2025, command, process: { idle: '300ms' } } } },
  });
  const client = await mcpClient(`${gateway.url}/mcp/all`, { legacy });
  const pid = Number(text(await client.callTool({ name: 'pid' })));
  await eventually(() => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  }, 30_000);
  expect(Number(text(await client.callTool({ name: 'pid' })))).not.toBe(pid);
});
