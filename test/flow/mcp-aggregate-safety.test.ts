import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { testGateway } from '../helpers/gateway.ts';
import { mcpClient, mcpServer, OPEN } from '../helpers/mcp.ts';

// Other tests may keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const consumer = (name: string) => ({
  name,
  keys: [{ id: 'k', sha256: createHash('sha256').update(`${name}-key`).digest('hex') }],
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
    await expect(call('wide__add', { a: 1, b: 1 })).rejects.toThrow('Too many requests');
    const asking = 'wide__test_input_required_result_multi_round';
    expect(JSON.stringify(await call(asking))).toContain('all rounds are done');
    await expect(call(asking)).rejects.toThrow('Too many requests');
  });
});
