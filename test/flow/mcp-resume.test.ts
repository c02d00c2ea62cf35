import { setTimeout as pause } from 'node:timers/promises';
import { McpServer } from '@modelcontextprotocol/server';
import { expect, it, vi } from 'vitest';
import { testGateway } from '../helpers/gateway.ts';
import { mcpServer } from '../helpers/mcp.ts';

// Other tests may keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const text = (said: string) => ({ content: [{ type: 'text' as const, text: said }] });

function build(): McpServer {
  const server = new McpServer({ name: 'slow', version: '1.0.0' }, { capabilities: { tools: {} } });
  server.registerTool('add', { description: 'Adds.' }, async () => text('a secret word'));
  server.registerTool('hidden', { description: 'Nobody may see it.' }, async () => text('hidden'));
  server.registerTool('slow', { description: 'Takes its time.' }, async (context) => {
    context.http?.closeSSE?.();
    await pause(100);
    return { ...text('a secret word'), isError: true };
  });
  return server;
}

it('a stream that is resumed at its server passes what the call’s own answer would: allow-list, redaction, outcome', async () => {
  const upstream = await mcpServer({ build });
  const gateway = await testGateway({
    mcp: {
      policies: [{ redact: { patterns: { word: 'secret word' } } }],
      servers: { all: { url: upstream.url, allow: [{ anyone: true, tools: ['add', 'slow'] }] } },
    },
  });
  const url = `${gateway.url}/mcp/all`;
  let session: Record<string, string> = {};
  const post = (body: object) =>
    fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...session,
      },
      body: JSON.stringify({ jsonrpc: '2.0', ...body }),
    });
  const opened = await post({
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
  });
  session = {
    'mcp-session-id': opened.headers.get('mcp-session-id') ?? '',
    'mcp-protocol-version': '2025-11-25',
  };
  await opened.text();
  await (await post({ method: 'notifications/initialized' })).text();
  const resumed = async (body: object): Promise<string> => {
    const whole = await (await post(body)).text();
    const id = /^id: (.+)$/m.exec(whole)?.[1] ?? '';
    expect(id).not.toBe('');
    const again = await fetch(url, {
      headers: { accept: 'text/event-stream', 'last-event-id': id, ...session },
    });
    // It may stay open behind the answer.
    const reader = again.body!.getReader();
    let said = '';
    while (!said.includes('"result"')) {
      const { value, done } = await reader.read();
      if (done) break;
      said += new TextDecoder().decode(value);
    }
    await reader.cancel();
    return said;
  };
  const list = await resumed({ id: 2, method: 'tools/list', params: {} });
  expect(list).toContain('"add"');
  expect(list).not.toContain('hidden');
  const call = await resumed({ id: 3, method: 'tools/call', params: { name: 'slow', arguments: {} } });
  expect(call).toContain('[WORD]');
  expect(call).not.toContain('secret word');
  const line = await gateway.accessLine(
    ({ method, mcp_outcome }) => method === 'GET' && mcp_outcome === 'tool_error',
  );
  expect(line).toMatchObject({ mcp_server: 'all', mcp_tool: 'slow' });
});
