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
  mcp: { servers: { all: { url: server, allow: OPEN } } },
});

/** Three gateways on one Redis, and a balancer that knows nothing of sessions. */
async function threeReplicas(server: string, store: string) {
  const gateways = await Promise.all([1, 2, 3].map(() => testGateway(replica(server, store))));
  return roundRobin(gateways.map(({ url }) => url));
}

it.each([
  '2025-11-25',
  '2026-07-28',
])('three replicas behind a round robin pass what %s requires, as the server does by itself', async (revision) => {
  const server = await mcpServer();
  const balancer = await threeReplicas(server.url, (await redis()).url);
  const direct = await conformance(server.url, revision);
  expect(await conformance(`${balancer.url}/mcp/all`, revision)).toBe(direct);
  expect(new Set(balancer.went).size).toBe(3);
});

it('sessions go on when Redis was away', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hypercare-redis-data-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const server = await mcpServer();
  const store = await redis({ dir });
  const balancer = await threeReplicas(server.url, store.url);
  const client = await mcpClient(`${balancer.url}/mcp/all`, { legacy: true });
  const add = async () =>
    (await client.callTool({ name: 'add', arguments: { a: 1, b: 2 } })).structuredContent;
  for (let at = 0; at < 6; at++) expect(await add()).toEqual({ sum: 3 });
  await store.restart();
  await eventually(() => add().catch(() => undefined), 30_000);
  for (let at = 0; at < 6; at++) expect(await add()).toEqual({ sum: 3 });
});

it('a call whose replica is killed in the middle of its stream is answered through another', async () => {
  const server = await mcpServer();
  const store = await redis();
  const gateways = await Promise.all([1, 2, 3].map(() => gatewayProcess(replica(server.url, store.url))));
  const balancer = await roundRobin(gateways.map(({ url }) => url));
  const client = await mcpClient(`${balancer.url}/mcp/all`, { legacy: true });
  const steps: number[] = [];
  const before = balancer.went.length;
  const call = client.callTool(
    { name: 'test_tool_with_progress', arguments: { pauseMs: 1500 } },
    {
      onprogress: ({ progress }) => steps.push(progress),
      timeout: 60_000,
    },
  );
  await eventually(() => steps.length > 0, 30_000);
  const target = balancer.went[before] as string;
  balancer.remove(target);
  gateways.find(({ url }) => url === target)?.child.kill('SIGKILL');
  expect((await call).isError).toBeFalsy();
  expect(steps.at(-1)).toBe(100);
});
