import type { ServerResponse } from 'node:http';
import type { Client } from '@modelcontextprotocol/client';
import { McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it, vi } from 'vitest';
import type { EverythingHttp } from '../fixtures/mcp/everything-http.ts';
import { rawProvider } from '../helpers/ai.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { mcpClient, mcpServer, OPEN } from '../helpers/mcp.ts';

// Other tests may keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const PATIENT_MS = 30_000;
const NOTE = 'test://note';
const behind = (url: string) => ({
  mcp: { servers: { notes: { url, allow: OPEN, pin: 'off', revisions: ['2025-11-25'] } } },
});

/** A server of 2025-11-25 that counts what is done, and remembers what it was told. */
async function notes() {
  const open: McpServer[] = [];
  const told: string[] = [];
  const done = { calls: 0 };
  /** Sessions that are still to be forgotten as soon as they have begun. */
  let short = 0;
  const server: EverythingHttp = await mcpServer({
    only: '2025-11-25',
    build: () => {
      const capabilities = {
        tools: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        logging: {},
      };
      const made = new McpServer({ name: 'notes', version: '1' }, { capabilities });
      made.registerTool('take', { description: 'Takes a note.' }, async () => ({
        content: [{ type: 'text', text: `note ${++done.calls}` }],
      }));
      made.registerResource('note', NOTE, {}, async () => ({ contents: [{ uri: NOTE, text: 'note' }] }));
      made.server.setRequestHandler('resources/subscribe', async ({ params }) => {
        told.push(params.uri);
        return {};
      });
      made.server.setRequestHandler('logging/setLevel', async ({ params }) => {
        told.push(params.level);
        return {};
      });
      made.server.oninitialized = () => {
        if (short-- > 0) void server.forget();
      };
      open.push(made);
      return made;
    },
  });
  return {
    ...server,
    told,
    done,
    forgetsAtOnce(sessions: number): void {
      short = sessions;
    },
    changes(): void {
      for (const made of open) if (made.isConnected()) made.sendToolListChanged();
    },
    noteChanges(): void {
      for (const made of open)
        if (made.isConnected()) made.server.sendResourceUpdated({ uri: NOTE }).catch(() => undefined);
    },
    opened: (): number => server.seen.filter(({ body }) => body.includes('"initialize"')).length,
  };
}

/** Calls the tool: what it says. */
async function take(client: Client, path: string): Promise<string> {
  const name = path === '/mcp' ? 'notes__take' : 'take';
  const { content } = (await client.callTool({ name, arguments: {} })) as { content: { text: string }[] };
  return content[0]?.text ?? '';
}

/** Whether a stream of changes is over. */
async function listen(client: Client, filter: Parameters<Client['listen']>[0]) {
  const { closed } = await client.listen(filter);
  const stream = { isOver: false };
  void closed.then(() => {
    stream.isOver = true;
  });
  return stream;
}

describe('a session that a server has forgotten is opened anew behind the host, and what was asked is done once', () => {
  it.each([
    { path: '/mcp/notes', legacy: false },
    { path: '/mcp', legacy: false },
    { path: '/mcp', legacy: true },
  ])('%j', async ({ path, legacy }) => {
    const server = await notes();
    const gateway = await testGateway(behind(server.url));
    const client = await mcpClient(gateway.url + path, { legacy });
    expect(await take(client, path)).toBe('note 1');
    const before = server.opened();
    await server.forget();
    expect(await take(client, path)).toBe('note 2');
    await server.forget();
    const several = await Promise.all(Array.from({ length: 5 }, () => take(client, path)));
    expect(several.toSorted()).toEqual([3, 4, 5, 6, 7].map((n) => `note ${n}`));
    expect(server.done.calls).toBe(7);
    // Those of a session share its connection; of others each has one of its own.
    if (legacy) expect(server.opened() - before).toBe(2);
  });
});

it('what a session wants to hear is said again where its server has forgotten it, also if it asks nothing', async () => {
  const server = await notes();
  const gateway = await testGateway(behind(server.url));
  const client = await mcpClient(`${gateway.url}/mcp`, { legacy: true });
  const heard: string[] = [];
  client.setNotificationHandler(
    'notifications/resources/updated',
    ({ params }) => void heard.push(params.uri),
  );
  await client.subscribeResource({ uri: NOTE });
  await client.setLoggingLevel('error');
  expect(server.told).toEqual([NOTE, 'error']);
  await server.forget();
  await eventually(() => server.told.length === 4, PATIENT_MS);
  expect(server.told.slice(2).toSorted()).toEqual(['error', NOTE]);
  await eventually(() => {
    server.noteChanges();
    return heard.length > 0;
  }, PATIENT_MS);
});

it('so it is where its server forgets it once more before it has been told', async () => {
  const server = await notes();
  const gateway = await testGateway(behind(server.url));
  const client = await mcpClient(`${gateway.url}/mcp`, { legacy: true });
  await client.setLoggingLevel('error');
  server.forgetsAtOnce(1);
  await server.forget();
  await eventually(() => server.told.length === 2, PATIENT_MS);
  expect(server.told).toEqual(['error', 'error']);
  // And again, with whoever asks for something meanwhile.
  server.forgetsAtOnce(1);
  await server.forget();
  await eventually(() => take(client, '/mcp').catch(() => ''), PATIENT_MS);
  await client.setLoggingLevel('debug');
  expect(server.told.at(-1)).toBe('debug');
});

it('whoever hears of changes through a session that is forgotten is told that it is over, and hears again', async () => {
  const server = await notes();
  const gateway = await testGateway(behind(server.url));
  const client = await mcpClient(`${gateway.url}/mcp`);
  let heard = 0;
  client.setNotificationHandler('notifications/tools/list_changed', () => void heard++);
  const first = await listen(client, { toolsListChanged: true });
  await eventually(() => {
    server.changes();
    return heard > 0;
  }, PATIENT_MS);
  await server.forget();
  await eventually(() => first.isOver, PATIENT_MS);
  await listen(client, { toolsListChanged: true });
  heard = 0;
  await eventually(() => {
    server.changes();
    return heard > 0;
  }, PATIENT_MS);
});

it('who wants to hear of a resource meanwhile does, on a new connection', async () => {
  const server = await notes();
  const gateway = await testGateway(behind(server.url));
  const [one, other] = [await mcpClient(`${gateway.url}/mcp`), await mcpClient(`${gateway.url}/mcp`)];
  const first = await listen(one, { toolsListChanged: true });
  // Its streams stay open, as those of a server behind a balancer do.
  await server.forget({ keepsStreams: true });
  await listen(other, { resourceSubscriptions: [NOTE] });
  await eventually(() => first.isOver, PATIENT_MS);
  expect(server.told).toEqual([NOTE]);
});

/** As few lines as a server of 2025-11-25 can have: there is nothing to listen to at it, which it says by 404. */
async function bareServer(answerCall: (response: ServerResponse, id: unknown) => void) {
  const json = { 'content-type': 'application/json' };
  const methods: string[] = [];
  const { url } = await rawProvider((response, { body }) => {
    if (body.length === 0) {
      response.writeHead(404).end('Cannot GET /mcp');
      return;
    }
    const { id, method, params } = JSON.parse(body.toString()) as {
      id?: unknown;
      method: string;
      params?: { protocolVersion: string };
    };
    methods.push(method);
    if (method === 'initialize') {
      const result = {
        protocolVersion: params?.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'bare', version: '1' },
      };
      response.writeHead(200, { ...json, 'mcp-session-id': 'the-only-one' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
    } else if (method === 'tools/call') answerCall(response, id);
    else response.writeHead(202).end();
  });
  const times = (method: string): number => methods.filter((each) => each === method).length;
  return { url: `${url}/mcp`, times };
}

it('a server that knows none of its sessions is asked once more, and not for ever', async () => {
  const server = await bareServer((response) => response.writeHead(404).end());
  const gateway = await testGateway(behind(server.url));
  const client = await mcpClient(`${gateway.url}/mcp/notes`);
  const opened = server.times('initialize');
  await expect(take(client, '/mcp/notes')).rejects.toThrow();
  // A connection of its own, and another.
  expect([server.times('initialize') - opened, server.times('tools/call')]).toEqual([2, 2]);
});

it('a server that answers 404 to who only listens has forgotten nothing', async () => {
  const server = await bareServer((response, id) => {
    const result = { content: [{ type: 'text', text: 'here' }] };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
  });
  const gateway = await testGateway(behind(server.url));
  const client = await mcpClient(`${gateway.url}/mcp/notes`);
  expect(await take(client, '/mcp/notes')).toBe('here');
  const opened = server.times('initialize');
  for (let i = 0; i < 3; i++) expect(await take(client, '/mcp/notes')).toBe('here');
  expect(server.times('initialize')).toBe(opened);
});
