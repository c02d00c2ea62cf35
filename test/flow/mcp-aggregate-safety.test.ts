import { createHash } from 'node:crypto';
import { Server } from '@modelcontextprotocol/server';
import { describe, expect, it, vi } from 'vitest';
import { testGateway } from '../helpers/gateway.ts';
import { mcpClient, mcpServer, OPEN } from '../helpers/mcp.ts';

// Other tests may keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const consumer = (name: string) => ({
  name,
  keys: [{ id: 'k', sha256: createHash('sha256').update(`${name}-key`).digest('hex') }],
});

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
};

it('a resource that two servers have is the first one’s that somebody may read, and stays it while that one is away', async () => {
  const having = (said: string, bad: string[] = []) =>
    mcpServer({
      build: () => {
        const server = new Server({ name: said, version: '1' }, { capabilities: { resources: {} } });
        const resource = { uri: 'x://same', name: said };
        const templates = ['x://t/{id}', ...bad].map((uriTemplate) => ({ uriTemplate, name: said }));
        server.setRequestHandler('resources/list', () => ({ resources: [resource] }));
        server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: templates }));
        server.setRequestHandler('resources/read', ({ params: { uri } }) => ({
          contents: [{ uri, text: said }],
        }));
        return server;
      },
    });
  const [first, second] = await Promise.all([
    having('first', ['x://{', `x://${'{a*}'.repeat(30)}!`]),
    having('second'),
  ]);
  const gateway = await testGateway({
    consumers: [consumer('ada'), consumer('bob')],
    mcp: {
      policies: [{ 'auth-api-key': {} }],
      servers: {
        a: {
          url: first.url,
          allow: [
            { consumers: ['ada'], resources: ['*'] },
            { consumers: ['bob'], resources: ['y://*'] },
          ],
        },
        b: { url: second.url, allow: [{ anyone: true, resources: ['*'] }] },
      },
    },
  });
  const [ada, bob] = await Promise.all(
    ['ada', 'bob'].map((name) => mcpClient(`${gateway.url}/mcp`, { key: `${name}-key` })),
  );
  const read = async (client = ada, uri = 'x://same') =>
    ((await client?.readResource({ uri }))?.contents[0] as { text: string }).text;
  expect((await ada?.listResources())?.resources.map(({ name }) => name)).toEqual(['first']);
  expect([await read(ada), await read(bob)]).toEqual(['first', 'second']);
  expect([await read(ada, 'x://t/1'), await read(bob, 'x://t/1')]).toEqual(['first', 'second']);
  // What a server calls a template and is none is left out, and holds up nobody.
  await expect(read(ada, `x://${'a,'.repeat(2000)}`)).rejects.toThrow('nothing of this name');
  const said = gateway.lines.map(({ msg }) => msg).join();
  expect(said).toContain('two MCP servers have the same resource');
  expect(said).toContain('resource templates of an MCP server are left out');
  await first.close();
  expect((await ada?.listResources())?.resources).toEqual([]);
  await expect(read(ada)).rejects.toThrow();
});

describe.each([{ legacy: false }, { legacy: true }])('all servers as one (%j)', ({ legacy }) => {
  it('has a list of its own for everybody, and no cache on the way may give one to another', async () => {
    const server = await mcpServer();
    const gateway = await testGateway({
      consumers: [consumer('ada'), consumer('bob')],
      mcp: {
        policies: [{ 'auth-api-key': {} }],
        servers: {
          all: {
            url: server.url,
            allow: [
              { consumers: ['ada'], tools: ['add'] },
              { consumers: ['bob'], tools: ['test_simple_text'] },
            ],
          },
        },
      },
    });
    const url = `${gateway.url}/mcp`;
    const [ada, bob] = await Promise.all(
      ['ada', 'bob'].map((name) => mcpClient(url, { key: `${name}-key`, legacy })),
    );
    const listOf = (client = ada) => client?.request({ method: 'tools/list', params: {} } as never);
    for (const [client, tool] of [
      [ada, 'all__add'],
      [bob, 'all__test_simple_text'],
      [ada, 'all__add'],
    ] as const) {
      const list = (await listOf(client)) as { tools: { name: string }[]; cacheScope?: string };
      expect(list.tools.map(({ name }) => name)).toEqual([tool]);
      expect(list.cacheScope ?? 'private').toBe('private');
    }
    // Bob's table has the name, and the name is still not his.
    await expect(bob?.callTool({ name: 'all__add', arguments: { a: 1, b: 1 } })).rejects.toThrow(
      'nothing of this name',
    );
  });

  it('asks no server of which somebody may use nothing, and none again for each name that nobody has', async () => {
    const [mine, other] = await Promise.all([mcpServer(), mcpServer()]);
    const gateway = await testGateway({
      consumers: [consumer('ada')],
      mcp: {
        policies: [{ 'auth-api-key': {} }],
        servers: {
          mine: { url: mine.url, allow: [{ consumers: ['ada'], tools: ['add'] }] },
          other: { url: other.url, allow: [{ consumers: ['bob'], tools: ['*'] }] },
        },
      },
    });
    const ada = await mcpClient(`${gateway.url}/mcp`, { key: 'ada-key', legacy });
    const lists = ({ seen }: typeof mine) => seen.filter(({ body }) => body.includes('"tools/list"')).length;
    expect((await ada.listTools()).tools.map(({ name }) => name)).toEqual(['mine__add']);
    const before = lists(mine);
    await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        expect(ada.callTool({ name: `mine__no${at}` })).rejects.toThrow('nothing of this name'),
      ),
    );
    expect(lists(mine) - before).toBeLessThan(20);
    expect(lists(other)).toBe(0);
  });

  it('keeps each server to its own size, limits and redaction', async () => {
    const server = await mcpServer();
    const once = { rateLimit: { limit: 1, window: '1h' } };
    const gateway = await testGateway({
      mcp: {
        policies: [{ redact: { patterns: { word: 'simple text' } } }],
        servers: {
          small: { url: server.url, allow: OPEN, results: { maxSize: '60b' } },
          wide: {
            url: server.url,
            allow: OPEN,
            tools: { add: once, test_input_required_result_multi_round: once },
          },
        },
      },
    });
    const client = await mcpClient(`${gateway.url}/mcp`, { legacy });
    const call = (name: string, input = {}) => client.callTool({ name, arguments: input });
    expect(JSON.stringify(await call('wide__test_simple_text'))).toContain('This is a [WORD] response');
    await expect(call('small__test_simple_text')).rejects.toThrow('larger than this gateway passes on');
    await call('wide__add', { a: 1, b: 1 });
    const refused = call('wide__add', { a: 1, b: 1 }).catch((error: unknown) => error);
    expect(await refused).toMatchObject({
      message: expect.stringContaining('Too many requests'),
      data: { code: 'rate_limited', retry_after: expect.any(Number) },
    });
    if (!legacy) {
      // Where the answer is no stream its header says the same.
      const answer = await fetch(`${gateway.url}/mcp`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': 'tools/call',
          'mcp-name': 'wide__add',
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'wide__add', arguments: { a: 1, b: 1 }, _meta: META },
        }),
      });
      const { error } = (await answer.json()) as { error: { data: { retry_after: number } } };
      expect(error.data.retry_after).toBeGreaterThan(0);
      expect(answer.headers.get('retry-after')).toBe(String(error.data.retry_after));
    }
    const asking = 'wide__test_input_required_result_multi_round';
    expect(JSON.stringify(await call(asking))).toContain('all rounds are done');
    await expect(call(asking)).rejects.toThrow('Too many requests');
  });
});
