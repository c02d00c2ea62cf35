// node bench/micro/routes.ts: nanoseconds of CPU to find a request's route among many, and how long a reload of many routes holds
// the event loop at most. Medians of rounds.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import findMyWay from 'find-my-way';
import { startGateway } from '../../src/gateway.ts';
import { atOnce } from '../../src/lib/slices.ts';
import { otherReadings } from '../../src/proxy/other-readings.ts';
import { placesOf } from '../../src/proxy/paths.ts';
import { RouteTable } from '../../src/proxy/route-table.ts';
import { openLog } from '../../src/telemetry/logger.ts';

const COUNTS = [10, 100, 1_000, 10_000];
const ROUNDS = 7;
const FINDS = 20_000;
const RELOADED = 1_000;

const routesOf = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    name: `r${i}`,
    match: { path: `/api/v${i % 7}/service-${i}/*`, methods: ['GET', 'POST'] },
    upstream: 'up',
    policies: i % 2 === 0 ? [{ 'auth-api-key': {} }] : [],
  }));

const middle = (values: number[]): number =>
  values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

function nanoseconds(act: (i: number) => void): number {
  const began = process.cpuUsage();
  for (let i = 0; i < FINDS; i++) act(i);
  const { user, system } = process.cpuUsage(began);
  return ((user + system) * 1_000) / FINDS;
}

function matching(count: number): string {
  const routes = routesOf(count);
  const router = findMyWay();
  const table = new RouteTable<string>();
  for (const { pattern, methods } of placesOf(routes)) {
    router.on(methods as never, pattern, () => undefined);
    for (const method of methods) table.add(method, pattern, pattern);
  }
  const isAmbiguous = atOnce(otherReadings(routes, () => 'identify'))('r1');
  const small = routes.map((_, i) => `/api/v${i % 7}/service-${i}/items/42`);
  const odd = small.map((path) => `${path}/A`);
  const rounds = Array.from({ length: ROUNDS + 1 }, () => [
    nanoseconds((i) => void table.find('GET', small[i % count] as string, {})),
    nanoseconds((i) => void router.find('GET', small[i % count] as string)),
    nanoseconds((i) => void isAmbiguous?.(small[i % count] as string)),
    nanoseconds((i) => void isAmbiguous?.(odd[i % count] as string)),
  ]).slice(1);
  const columns = [0, 1, 2, 3].map((column) => middle(rounds.map((round) => round[column] as number)));
  return `| ${count} | ${columns.map((each) => each.toFixed(0)).join(' | ')} |`;
}

/** Milliseconds: how long a reload took, and the longest that nothing else had its turn meanwhile. */
async function reloading(): Promise<{ tookMs: number; heldMs: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'hypercare-routes-'));
  const file = join(folder, 'gateway.yaml');
  const write = (turn: number): void =>
    writeFileSync(
      file,
      JSON.stringify({
        version: 1,
        server: { listen: '127.0.0.1:0' },
        admin: { listen: '127.0.0.1:0' },
        store: { url: 'memory:' },
        consumers: [
          {
            name: 'a',
            keys: [{ id: `k${turn}`, sha256: createHash('sha256').update('a key').digest('hex') }],
          },
        ],
        upstreams: { up: { targets: [{ url: 'http://127.0.0.1:1' }] } },
        routes: routesOf(RELOADED),
      }),
    );
  write(0);
  const log = openLog('silent', { write: () => undefined });
  const gateway = await startGateway({ file, env: {}, log, watch: false, processMetrics: false });
  const rounds: { tookMs: number; heldMs: number }[] = [];
  for (let turn = 1; turn <= ROUNDS; turn++) {
    write(turn);
    let [heldMs, last, isOver] = [0, performance.now(), false];
    const look = (): void => {
      const now = performance.now();
      heldMs = Math.max(heldMs, now - last);
      last = now;
      if (!isOver) setImmediate(look);
    };
    setImmediate(look);
    const began = performance.now();
    if (!(await gateway.reload())) throw new Error('the reload was refused');
    const tookMs = performance.now() - began;
    isOver = true;
    await new Promise((resolve) => setImmediate(resolve));
    rounds.push({ tookMs, heldMs });
  }
  await gateway.close();
  rmSync(folder, { recursive: true });
  return { tookMs: middle(rounds.map((r) => r.tookMs)), heldMs: middle(rounds.map((r) => r.heldMs)) };
}

const rows = COUNTS.map(matching);
const { tookMs, heldMs } = await reloading();
process.stdout.write(
  `| routes | ns to find | find-my-way | ns to see that a path is plain | ns to read an odd path again |\n| ---: | ---: | ---: | ---: | ---: |\n${rows.join('\n')}\n\n` +
    `A reload of ${RELOADED} routes took ${tookMs.toFixed(0)} ms; it held the event loop for ${heldMs.toFixed(0)} ms at most at a time.\n`,
);
