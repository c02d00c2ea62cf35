import type { Client } from '@modelcontextprotocol/client';
import { McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it, vi } from 'vitest';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { mcpClient, mcpServer, OPEN } from '../helpers/mcp.ts';

// Other tests may keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const NOTE = 'test://note';

/** A server of either revision whose list of tools and whose note can change. */
async function notes(only: '2025-11-25' | '2026-07-28') {
  const open: McpServer[] = [];
  const subscribed: string[] = [];
  const server = await mcpServer({
    only,
    build: () => {
      const made = new McpServer(
        { name: 'notes', version: '1' },
        { capabilities: { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true } } },
      );
      made.registerTool('take', { description: 'Takes a note.' }, async () => ({ content: [] }));
      made.registerResource('note', NOTE, {}, async () => ({ contents: [{ uri: NOTE, text: 'note' }] }));
      made.server.setRequestHandler('resources/subscribe', async ({ params }) => {
        subscribed.push(params.uri);
        return {};
      });
      made.server.setRequestHandler('resources/unsubscribe', async ({ params }) => {
        subscribed.splice(subscribed.indexOf(params.uri), 1);
        return {};
      });
      open.push(made);
      return made;
    },
  });
  return {
    server,
    subscribed,
    listChanges(): void {
      if (only === '2026-07-28') server.modern.notify.toolsChanged();
      else for (const made of open) if (made.isConnected()) made.sendToolListChanged();
    },
    noteChanges(): void {
      if (only === '2026-07-28') server.modern.notify.resourceUpdated(NOTE);
      else
        for (const made of open)
          if (made.isConnected()) made.server.sendResourceUpdated({ uri: NOTE }).catch(() => undefined);
    },
  };
}

function heard(client: Client): string[] {
  const all: string[] = [];
  client.setNotificationHandler('notifications/tools/list_changed', () => void all.push('tools'));
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void all.push(params.uri));
  return all;
}

describe.each([
  '2025-11-25',
  '2026-07-28',
] as const)('a client of 2026-07-28 that listens to all servers as one (one of %s)', (only) => {
  it('hears what changes there, and the server is left alone when it listens no more', async () => {
    const { server, subscribed, listChanges, noteChanges } = await notes(only);
    const gateway = await testGateway({
      mcp: { servers: { notes: { url: server.url, allow: OPEN, revisions: [only] } } },
    });
    const [first, second] = await Promise.all([
      mcpClient(`${gateway.url}/mcp`),
      mcpClient(`${gateway.url}/mcp`),
    ]);
    const [all, others] = [heard(first), heard(second)];
    const listening = await first.listen({ toolsListChanged: true, resourceSubscriptions: [NOTE] });
    expect(listening.honoredFilter).toEqual({ toolsListChanged: true, resourceSubscriptions: [NOTE] });
    await second.listen({ toolsListChanged: true });
    listChanges();
    await eventually(() => all.length > 0 && others.length > 0);
    noteChanges();
    await eventually(() => all.includes(NOTE));
    // Each once, and nobody what they did not ask for.
    expect([all, others]).toEqual([['tools', NOTE], ['tools']]);
    if (only === '2025-11-25') expect(subscribed).toEqual([NOTE]);
    await listening.close();
    await eventually(() => subscribed.length === 0);
    listChanges();
    await eventually(() => others.length === 2);
    expect(all).toHaveLength(2);
  });
});

it('nobody hears of a resource that is not theirs to read', async () => {
  const { server, subscribed } = await notes('2025-11-25');
  const gateway = await testGateway({
    mcp: {
      servers: {
        notes: { url: server.url, allow: [{ anyone: true, tools: ['*'] }], revisions: ['2025-11-25'] },
      },
    },
  });
  for (const path of ['/mcp', '/mcp/notes']) {
    const client = await mcpClient(gateway.url + path);
    await expect(client.listen({ resourceSubscriptions: [NOTE] })).rejects.toThrow('nothing of this name');
  }
  expect(subscribed).toEqual([]);
});
