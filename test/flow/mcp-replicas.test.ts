import { join } from 'node:path';
import { McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { admin } from '../helpers/admin.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { mcpClient, mcpServer, OPEN, roundRobin } from '../helpers/mcp.ts';
import { startRedis } from '../helpers/redis-server.ts';

// Other tests may keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const PROGRAM = [process.execPath, join(import.meta.dirname, '../fixtures/mcp/everything-stdio.ts')];
const text = (result: unknown): string => (result as { content: { text: string }[] }).content[0]?.text ?? '';

/** Three gateways on one Redis, and a balancer that knows nothing of sessions. */
async function three(servers: object) {
  const store = await startRedis();
  onTestFinished(() => store.stop());
  const config = { store: { url: store.url, timeout: '10s' }, mcp: { servers } };
  const gateways = await Promise.all([1, 2, 3].map(() => testGateway(config)));
  return { gateways, balancer: await roundRobin(gateways.map(({ url }) => url)) };
}

/** A server whose sessions remember: what was counted in one is known only there. */
const counting = (): McpServer => {
  const server = new McpServer({ name: 'counting', version: '1.0.0' }, { capabilities: { tools: {} } });
  let count = 0;
  server.registerTool('count', { inputSchema: z.object({}) }, async () => ({
    content: [{ type: 'text', text: String(++count) }],
  }));
  return server;
};

describe('whichever replica a request comes to', () => {
  it('a session of a program goes on, and its questions find their answers', async () => {
    const { balancer } = await three({ all: { command: PROGRAM, allow: OPEN } });
    const client = await mcpClient(`${balancer.url}/mcp/all`, { legacy: true });
    for (let at = 0; at < 4; at++)
      expect(text(await client.callTool({ name: 'add', arguments: { a: at, b: 1 } }))).toBe(String(at + 1));
    // The answer to the question is a request of its own: it comes to another replica than the call.
    for (let at = 0; at < 3; at++)
      expect(text(await client.callTool({ name: 'test_input_required_result_elicitation' }))).toBe(
        'Hello, Ada!',
      );
    const steps: number[] = [];
    await client.callTool(
      { name: 'test_tool_with_progress', arguments: {} },
      { onprogress: ({ progress }) => steps.push(progress) },
    );
    expect(steps).toEqual([0, 50, 100]);
    expect(new Set(balancer.went).size).toBe(3);
  });

  it('all servers as one have one session each for a client, and keep what is in it', async () => {
    const server = await mcpServer({ build: counting, only: '2025-11-25' });
    const { balancer, gateways } = await three({
      one: { url: server.url, allow: OPEN, revisions: ['2025-11-25'] },
    });
    const client = await mcpClient(`${balancer.url}/mcp`, { legacy: true });
    const counted: string[] = [];
    for (let at = 0; at < 6; at++)
      counted.push(text(await client.callTool({ name: 'one__count', arguments: {} })));
    expect(counted).toEqual(['1', '2', '3', '4', '5', '6']);
    const lines = await Promise.all(
      gateways.map((gateway) => gateway.accessLine(({ mcp_tool }) => mcp_tool === 'count')),
    );
    for (const line of lines) expect(line).toMatchObject({ mcp_server: 'one', mcp_outcome: 'ok' });
    // What is noted of calls that come at once is each one's own.
    const busy = await mcpClient(`${gateways[0]?.url}/mcp`, { legacy: true });
    const names = Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? 'one__count' : 'one__none'));
    const ends = await Promise.allSettled(names.map((name) => busy.callTool({ name, arguments: {} })));
    expect(ends.map(({ status }) => status === 'fulfilled')).toEqual(
      names.map((name) => name === 'one__count'),
    );
    const noted = await eventually(() => {
      const all = gateways[0]?.lines.filter(({ mcp_method }) => mcp_method === 'tools/call') ?? [];
      return all.length >= 42 && all.slice(-40).map(({ mcp_tool = '', reason }) => `${mcp_tool} ${reason}`);
    });
    expect([...new Set(noted)].sort()).toEqual([' mcp_not_allowed', 'count ok']);
    expect(noted.filter((each) => each === 'count ok')).toHaveLength(20);
  });

  it('what a server says by itself reaches the client, whose stream is at another replica than its session', async () => {
    const opened: McpServer[] = [];
    const server = await mcpServer({
      only: '2025-11-25',
      build: () => {
        const made = new McpServer(
          { name: 'new', version: '1' },
          { capabilities: { tools: { listChanged: true } } },
        );
        opened.push(made);
        made.registerTool('act', {}, async () => ({ content: [] }));
        return made;
      },
    });
    const { balancer } = await three({ one: { url: server.url, allow: OPEN, revisions: ['2025-11-25'] } });
    const client = await mcpClient(`${balancer.url}/mcp`, { legacy: true });
    let heard = 0;
    client.setNotificationHandler('notifications/tools/list_changed', () => void heard++);
    await eventually(() => {
      for (const made of opened) if (made.isConnected()) made.sendToolListChanged();
      return heard > 0;
    }, 30_000);
  });

  it('a call that waits for an answer goes on where it waits (client of 2026-07-28, server of 2025-11-25)', async () => {
    const server = await mcpServer({ only: '2025-11-25' });
    const { balancer } = await three({ all: { url: server.url, allow: OPEN, revisions: ['2025-11-25'] } });
    const client = await mcpClient(`${balancer.url}/mcp/all`);
    expect(client.getProtocolEra()).toBe('modern');
    const before = server.seen.filter(({ body }) => body.includes('test_elicitation')).length;
    for (let at = 0; at < 3; at++)
      expect(
        text(await client.callTool({ name: 'test_elicitation', arguments: { message: 'sure?' } })),
      ).toMatch('User response: action=accept');
    // Each was made once: nobody began it anew.
    expect(server.seen.filter(({ body }) => body.includes('test_elicitation')).length - before).toBe(3);
  });
});

it('a session goes on, opened anew, when the replica that kept it is gone; a call that waited there is refused', async () => {
  const server = await mcpServer({ build: counting, only: '2025-11-25' });
  const asking = await mcpServer({ only: '2025-11-25' });
  const { balancer, gateways } = await three({
    one: { url: server.url, allow: OPEN, revisions: ['2025-11-25'] },
    ask: { url: asking.url, allow: OPEN, revisions: ['2025-11-25'] },
  });
  const client = await mcpClient(`${balancer.url}/mcp`, { legacy: true });
  const count = async () => text(await client.callTool({ name: 'one__count', arguments: {} }));
  const opener = balancer.went[0];
  expect([await count(), await count()]).toEqual(['1', '2']);
  const modern = await mcpClient(`${gateways.find(({ url }) => url === opener)?.url}/mcp/ask`);
  const call = { name: 'test_elicitation', arguments: { message: 'sure?' } };
  const elsewhere = await mcpClient(`${gateways.find(({ url }) => url !== opener)?.url}/mcp/ask`);
  const request = (at: typeof modern, params: object) =>
    at.request({ method: 'tools/call', params } as never, { allowInputRequired: true } as never) as Promise<
      Record<string, unknown>
    >;
  const { requestState, inputRequests } = await request(modern, call);
  expect(inputRequests).toBeTruthy();
  balancer.remove(opener as string);
  await gateways.find(({ url }) => url === opener)?.close();
  const health = async () => {
    const there = gateways.find(({ url }) => url !== opener) as TestGateway;
    const { items } = (await admin(there, '/api/mcp/sessions')).body;
    return items.find(({ server }: { server: string }) => server === '')?.health;
  };
  expect(await health()).toBe('owner_gone');
  expect([await count(), await count(), await count()]).toEqual(['1', '2', '3']);
  expect(await health()).toBe('ok');
  const answered = { ...call, requestState, inputResponses: { input: { action: 'accept', content: {} } } };
  await expect(request(elsewhere, answered)).rejects.toThrow('Invalid or expired requestState');
});
