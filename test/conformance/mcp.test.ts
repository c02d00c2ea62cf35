import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { gatewayProcess } from '../helpers/gateway-process.ts';
import { mcpClient, mcpServer, OPEN, roundRobin } from '../helpers/mcp.ts';
import { type RedisServer, type RedisServerOptions, startRedis } from '../helpers/redis-server.ts';

vi.setConfig({ testTimeout: 240_000 });

const SUITE = join(
  dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json')),
  'dist/index.js',
);

/** Runs what a revision requires. @returns its summary; fails where a required scenario does */
async function conformance(url: string, revision: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-conformance-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const output = await new Promise<{ code: number; out: string }>((resolve) => {
    const args = [SUITE, 'server', '--url', url, '--requirements', revision, '-o', folder];
    execFile(process.execPath, args, { maxBuffer: 64 * 1024 ** 2, cwd: folder }, (error, stdout) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, out: stdout }),
    );
  });
  const summary = output.out.slice(output.out.indexOf('=== SUMMARY'));
  expect(output.code, summary).toBe(0);
  return summary;
}

async function redis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const server = await startRedis(options);
  onTestFinished(() => server.stop());
  return server;
}

const replica = (server: string, store: string) => ({
  // A busy machine must not look like a store that is down.
  store: { url: store, timeout: '10s' },
  mcp: {
    servers: {
      all: { url: server, allow: OPEN },
      // Whose sessions of 2025-11-25 are the gateway's own.
      hosted: { url: server, allow: OPEN, revisions: ['2026-07-28'] },
    },
  },
});

const HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': '2025-11-25',
};
const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
};

/** Three gateways on one Redis, and a balancer that knows nothing of sessions. */
async function threeReplicas(server: string, store: string) {
  const gateways = await Promise.all([1, 2, 3].map(() => testGateway(replica(server, store))));
  return roundRobin(gateways.map(({ url }) => url));
}

it.each([
  '2025-11-25',
  '2026-07-28',
])('three replicas behind a round robin pass what %s requires, as the server does by itself, and while Redis is restarted', async (revision) => {
  const dir = await mkdtemp(join(tmpdir(), 'hypercare-redis-data-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const server = await mcpServer();
  const store = await redis({ dir });
  const balancer = await threeReplicas(server.url, store.url);
  const direct = await conformance(server.url, revision);
  const through = conformance(`${balancer.url}/mcp/all`, revision);
  through.catch(() => undefined);
  for (const some of [20, 40]) {
    await eventually(() => balancer.went.length > some, 60_000);
    await store.restart();
  }
  expect(await through).toBe(direct);
  expect(new Set(balancer.went).size).toBe(3);
});

it('sessions and states go on when Redis was away', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hypercare-redis-data-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const server = await mcpServer();
  const store = await redis({ dir });
  const balancer = await threeReplicas(server.url, store.url);
  const client = await mcpClient(`${balancer.url}/mcp/all`, { legacy: true });
  const add = async () =>
    (await client.callTool({ name: 'add', arguments: { a: 1, b: 2 } })).structuredContent;
  const modern = await mcpClient(`${balancer.url}/mcp/all`);
  // A session that one replica keeps, and the others ask for through the store.
  const hosted = await mcpClient(`${balancer.url}/mcp/hosted`, { legacy: true });
  const kept = async () =>
    (await hosted.callTool({ name: 'add', arguments: { a: 1, b: 2 } })).structuredContent;
  for (let at = 0; at < 6; at++) expect(await add()).toEqual({ sum: 3 });
  expect(await kept()).toEqual({ sum: 3 });
  await store.restart();
  for (let at = 0; at < 3; at++) expect(await kept()).toEqual({ sum: 3 });
  // At each of them: none is told that the store is away, as it is back in time.
  for (let at = 0; at < 6; at++) expect(await add()).toEqual({ sum: 3 });
  // Its states are sealed with a key that all replicas still have.
  const rounds = { name: 'test_input_required_result_multi_round' };
  expect((await modern.callTool(rounds)).isError).toBeFalsy();
  // One that stays away is told, in time: sessions can't be opened, and those that a replica knows go on there.
  await store.kill9();
  const open = (name: string) =>
    fetch(`${balancer.url}/mcp/${name}`, {
      method: 'POST',
      headers: HEADERS,
      body: JSON.stringify(initialize),
    });
  const opened = await open('all');
  expect([opened.status, opened.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await opened.json()).toMatchObject({
    jsonrpc: '2.0',
    id: 1,
    error: { code: -32603, data: { code: 'store_unavailable' } },
  });
  expect(await add()).toEqual({ sum: 3 });
  for (let at = 0; at < 3; at++) expect((await open('hosted')).status).toBe(503);
  await store.restart();
  for (let at = 0; at < 3; at++) await eventually(async () => (await open('hosted')).status === 200, 30_000);
});

it('when a replica is killed in the middle of streams, a call whose server can resume it is answered through another; of one that can’t, what was said is had there, and then that the rest is lost', async () => {
  const store = await redis();
  const config = replica((await mcpServer()).url, store.url);
  const plain = { url: (await mcpServer({ resumable: false })).url, allow: OPEN };
  const both = { ...config, mcp: { servers: { ...config.mcp.servers, plain } } };
  const gateways = await Promise.all([1, 2, 3].map(() => gatewayProcess(both)));
  const balancer = await roundRobin(gateways.map(({ url }) => url));
  const client = await mcpClient(`${balancer.url}/mcp/all`, { legacy: true });
  const modern = await mcpClient(`${balancer.url}/mcp/all`);
  const steps: number[] = [];
  const before = balancer.went.length;
  const progressing = { name: 'test_tool_with_progress', arguments: { pauseMs: 3000 } };
  const call = client.callTool(progressing, {
    onprogress: ({ progress }) => steps.push(progress),
    timeout: 60_000,
  });
  await eventually(() => steps.length > 0, 30_000);
  const target = balancer.went[before] as string;
  const [next = ''] = gateways.flatMap(({ url }) => (url === target ? [] : [url]));
  const plainCall = await beginPlain(target, progressing);
  balancer.remove(target);
  gateways.find(({ url }) => url === target)?.child.kill('SIGKILL');
  const [answered] = await Promise.all([call, plainCall.goesOnAt(next)]);
  expect(answered.isError).toBeFalsy();
  expect(steps.at(-1)).toBe(100);
  const sum = await modern.callTool({ name: 'add', arguments: { a: 1, b: 2 } });
  expect(sum.structuredContent).toEqual({ sum: 3 });
});

/** A call at a server that can't resume its streams, up to its second step. */
async function beginPlain(gateway: string, { name, arguments: given }: { name: string; arguments: object }) {
  const session: Record<string, string> = {};
  const post = (at: string, body: object) =>
    fetch(`${at}/mcp/plain`, {
      method: 'POST',
      headers: { ...HEADERS, ...session },
      body: JSON.stringify({ jsonrpc: '2.0', ...body }),
    });
  const opened = await post(gateway, initialize);
  session['mcp-session-id'] = opened.headers.get('mcp-session-id') ?? '';
  await opened.text();
  await (await post(gateway, { method: 'notifications/initialized' })).text();
  const params = { name, arguments: given, _meta: { progressToken: 'p' } };
  const answer = await post(gateway, { id: 7, method: 'tools/call', params });
  const reader = answer.body!.getReader();
  let said = '';
  while (!said.includes('"progress":0')) said += new TextDecoder().decode((await reader.read()).value);
  // From the first event on, as a client that has seen no more of it.
  const id = /^id: (.+)$/m.exec(said)?.[1] ?? '';
  return {
    async goesOnAt(other: string): Promise<void> {
      await reader.cancel().catch(() => undefined);
      const headers = { accept: 'text/event-stream', 'last-event-id': id, ...session };
      const more = await (await fetch(`${other}/mcp/plain`, { headers })).text();
      expect(more).toContain('"progress":0');
      expect(more).not.toContain('"progress":100');
      expect(more).toContain('mcp_stream_lost');
      // The session goes on there.
      const add = { name: 'add', arguments: { a: 1, b: 2 } };
      const answered = await post(other, { id: 8, method: 'tools/call', params: add });
      expect(await answered.text()).toContain('"sum":3');
    },
  };
}
