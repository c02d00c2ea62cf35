import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { Host } from '../../../src/mcp/hosted/host.ts';
import type { McpPorts } from '../../../src/mcp/ports.ts';

const MOST = 1000;

/** All servers as one where there are none: its sessions cost nothing but themselves. */
function emptyHost() {
  const ports = {
    log: pino({ level: 'silent' }),
    clock: { monotonic: () => performance.now(), wall: Date.now },
    replica: { id: 'here' },
  } as unknown as McpPorts;
  const host = new Host({ name: '', servers: [], ports, sessionTtlMs: 3_600_000 });
  onTestFinished(() => host.close());
  const say = (principal: string, body: object, session?: string): Promise<Response> => {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(session !== undefined && { 'mcp-session-id': session }),
    };
    const text = JSON.stringify({ jsonrpc: '2.0', id: 1, ...body });
    const request = new Request('http://host/mcp', { method: 'POST', headers, body: text });
    const asker = { consumer: principal, consumerGroups: [], mcp: null };
    return host.fetch(request, JSON.parse(text), { principal, asker, continues: false });
  };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
  const open = async (principal: string): Promise<string> => {
    const answer = await say(principal, { method: 'initialize', params });
    await answer.body?.cancel();
    return answer.headers.get('mcp-session-id') as string;
  };
  const ping = async (principal: string, session: string): Promise<number> => {
    const answer = await say(principal, { method: 'ping' }, session);
    await answer.body?.cancel();
    return answer.status;
  };
  return { open, ping };
}

it('a host keeps 1,000 sessions, also of those that come at once; who has fewer gets one of who has most', async () => {
  const { open, ping } = emptyHost();
  const came = await Promise.allSettled(Array.from({ length: MOST + 20 }, () => open('ada')));
  const opened = came.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const refused = came.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  expect([opened.length, refused.length]).toEqual([MOST, 20]);
  expect(refused[0]).toMatchObject({ code: 'overloaded', headers: { 'retry-after': '5' } });
  const [first = '', second = ''] = opened;
  expect(await ping('ada', first)).toBe(200);
  const bobs = await open('bob');
  expect([await ping('bob', bobs), await ping('ada', first), await ping('ada', second)]).toEqual([
    200, 200, 404,
  ]);
  await expect(open('ada')).rejects.toMatchObject({ code: 'overloaded' });
});
