// node bench/micro/mcp-call.ts [ROUNDS]: a tool call through the gateway beside a direct one, by revision. Rounds of both in turns;
// CPU from /proc of the two processes, because time says little on a busy machine.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const ROUNDS = Number(process.argv[2] ?? 7);
const CALLS = 150;
/** Ticks of /proc, in microseconds: 100 a second. */
const TICK_US = 10_000;
const ROOT = join(import.meta.dirname, '../..');

function start(file: string, args: string[]): ChildProcess {
  return spawn(process.execPath, [join(ROOT, file), ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function urlIn(child: ChildProcess, pattern: RegExp): Promise<string> {
  let said = '';
  while (!pattern.test(said)) said += String(((await once(child.stdout!, 'data')) as [Buffer])[0]);
  child.stdout?.resume();
  return pattern.exec(said)?.[1] ?? '';
}

/** User and system time that a process has used, in microseconds. */
function cpuOf({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

const median = (values: number[]): number =>
  values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

const server = start('test/fixtures/mcp/everything-http.ts', []);
const direct = await urlIn(server, /(http:\S+)/);
const folder = mkdtempSync(join(tmpdir(), 'hypercare-bench-'));
writeFileSync(
  join(folder, 'gateway.yaml'),
  `version: 1
server: { listen: 127.0.0.1:0 }
admin: { listen: 127.0.0.1:0 }
store: { url: "memory:" }
mcp: { servers: { all: { url: "${direct}", allow: [{ anyone: true, tools: ["*"] }] } } }
`,
);
const gateway = start('src/main.ts', ['start', '--config', join(folder, 'gateway.yaml')]);
const through = `${await urlIn(gateway, /"url":"([^"]+)"/)}/mcp/all`;

async function connect(url: string, isLegacy: boolean): Promise<Client> {
  const client = new Client(
    { name: 'bench', version: '1' },
    { versionNegotiation: { mode: isLegacy ? 'legacy' : 'auto' } },
  );
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  return client;
}

interface Measured {
  readonly ms: number;
  readonly server: number;
  readonly gateway: number;
}

async function round(client: Client): Promise<Measured> {
  const before = { server: cpuOf(server), gateway: cpuOf(gateway), at: performance.now() };
  for (let i = 0; i < CALLS; i++) await client.callTool({ name: 'add', arguments: { a: i, b: 1 } });
  return {
    ms: (performance.now() - before.at) / CALLS,
    server: (cpuOf(server) - before.server) / CALLS,
    gateway: (cpuOf(gateway) - before.gateway) / CALLS,
  };
}

const rows: string[] = [];
for (const isLegacy of [false, true]) {
  const clients = await Promise.all([connect(direct, isLegacy), connect(through, isLegacy)]);
  for (const client of clients) await round(client);
  const rounds: (readonly [Measured, Measured])[] = [];
  for (let at = 0; at < ROUNDS; at++)
    rounds.push([await round(clients[0]), await round(clients[1])] as const);
  const of = (pick: (pair: (typeof rounds)[number]) => number): string => median(rounds.map(pick)).toFixed(2);
  rows.push(
    `| ${isLegacy ? '2025-11-25' : '2026-07-28'} | ${of(([d]) => d.ms)} | ${of(([, t]) => t.ms)} | ${of(([d, t]) => t.ms / d.ms)} | ${of(([d]) => d.server)} | ${of(([, t]) => t.gateway)} |`,
  );
  for (const client of clients) await client.close();
}
process.stdout.write(
  `| revision | ms direct | ms through | through ÷ direct, by round | server CPU µs, direct | gateway CPU µs |\n| --- | ---: | ---: | ---: | ---: | ---: |\n${rows.join('\n')}\n`,
);
for (const child of [gateway, server]) {
  child.stdin?.end();
  child.kill('SIGTERM');
  if (child.exitCode === null) await once(child, 'exit');
}
rmSync(folder, { recursive: true, force: true });
