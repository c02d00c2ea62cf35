// node bench/console/main.ts [ROUNDS] [--requests N] [--findings N] [--sessions N] [--calls N]: how long each view of the console
// takes to open on a store that is full.
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startModelService } from '../../src/demo/model-service.ts';
import { commit, loadAverage, machine } from '../harness/machine.ts';
import { freePort, startProcess } from '../harness/processes.ts';
import { converse, fillCare, routes, visit } from './fill.ts';
import { browser, type Opened, open, type View } from './opened.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    requests: { type: 'string', default: '1000000' },
    findings: { type: 'string', default: '10000' },
    sessions: { type: 'string', default: '10000' },
    reports: { type: 'string', default: '5000' },
    /** Is kept, and not filled again. */
    folder: { type: 'string' },
  },
});
const ROUNDS = Number(positionals[0] ?? 7);
const TARGET_MS = 200;
const KEY = 'key-of-the-bench';
const MAIN = join(import.meta.dirname, '../../src/main.ts');
const RESULTS = join(import.meta.dirname, '../results');
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'hypercare-console-bench-'));
const store = join(folder, 'store.db');
const isFilled = existsSync(store);
const backend = createServer((request, response) => {
  response.statusCode = request.url?.endsWith('bad') ? 503 : 200;
  response.end('a product');
});
await new Promise<void>((listening) => backend.listen(0, '127.0.0.1', listening));
const model = await startModelService({ port: 0, name: 'primary' });
const [port, adminPort] = [await freePort(), await freePort()];
const [url, adminUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${adminPort}`];
const file = join(folder, 'gateway.yaml');
writeFileSync(
  file,
  JSON.stringify({
    version: 1,
    server: { listen: `127.0.0.1:${port}`, shed: { maxEventLoopDelay: '10s' } },
    admin: { listen: `127.0.0.1:${adminPort}` },
    store: { url: `sqlite:${store}` },
    log: { level: 'silent' },
    consumers: [
      { name: 'app', keys: [{ id: 'k1', sha256: createHash('sha256').update(KEY).digest('hex') }] },
    ],
    context: { enabled: true },
    upstreams: {
      shop: { targets: [{ url: `http://127.0.0.1:${(backend.address() as AddressInfo).port}` }] },
    },
    routes: routes('shop'),
    ai: {
      policies: [{ 'auth-api-key': {} }],
      providers: { primary: { kind: 'openai', baseUrl: `${model.url}/v1`, apiKey: 'demo' } },
      models: { support: { targets: [{ provider: 'primary', model: 'gpt-4o-mini' }] } },
    },
    hypercare: {
      window: { name: 'bench', start: new Date(Date.now() - 30 * 86_400_000).toISOString() },
      exit: [{ name: 'calm', maxOpen: { P0: 0, P1: 5 }, for: '7d' }],
      objectives: [{ name: 'all-work', route: 'route-1', availability: '99%' }],
    },
  }),
);
const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(0)} s`;
let began = performance.now();
if (!isFilled) await fillCare(`sqlite:${store}`, Number(values.findings), Number(values.reports));
say(`${values.findings} findings and ${values.reports} reports after ${seconds(began)}`);

const gateway = startProcess({
  name: 'gateway',
  core: '0,1',
  port,
  command: [process.execPath, MAIN, 'start', '--config', file],
  stdout: join(folder, 'log'),
});
try {
  await untilLive();
  began = performance.now();
  if (!isFilled) await converse(url, KEY, Number(values.sessions));
  say(`${values.sessions} sessions after ${seconds(began)}`);
  began = performance.now();
  await visit(url, isFilled ? 1000 : Number(values.requests));
  say(`${values.requests} requests after ${seconds(began)}`);
  await measure();
} finally {
  await gateway.stop();
  await model.close();
  backend.close();
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
}

async function untilLive(): Promise<void> {
  for (;;) {
    gateway.assertAlive();
    const answer = await fetch(`${adminUrl}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((later) => setTimeout(later, 100));
  }
}

async function measure(): Promise<void> {
  const listed = (await (await fetch(`${adminUrl}/api/findings?limit=1`)).json()) as {
    findings: { id: string }[];
  };
  const kept = (await (await fetch(`${adminUrl}/api/requests?limit=1`)).json()) as {
    items: { id: string }[];
  };
  const views: View[] = [
    { name: 'Now', hash: '#/now', shows: '.findings .finding' },
    { name: 'Findings', hash: '#/findings', shows: 'main tbody tr' },
    { name: 'A finding', hash: `#/findings/${listed.findings[0]?.id}`, shows: '.statement' },
    { name: 'Requests', hash: '#/requests', shows: 'main tbody tr' },
    { name: 'A request', hash: `#/requests/${kept.items[0]?.id}`, shows: '.way' },
    { name: 'Sessions', hash: '#/sessions?consumer=app', shows: 'main tbody tr' },
    { name: 'A session', hash: '#/sessions/session-42?consumer=app', shows: '.turns > li' },
    { name: 'Upstreams', hash: '#/upstreams', shows: 'main tbody tr' },
    { name: 'Config', hash: '#/config', shows: '.history li' },
    { name: 'Money', hash: '#/money', shows: 'main tbody tr' },
    { name: 'Feedback', hash: '#/feedback', shows: 'main tbody tr' },
    { name: 'Way out', hash: '#/exit', shows: 'article.action' },
  ];
  const chrome = await browser();
  const load = loadAverage();
  try {
    const rounds = new Map<string, Opened[]>();
    for (let round = 0; round <= ROUNDS; round++) {
      for (const view of views) {
        const opened = await open(chrome, adminUrl, view);
        // The first round compiles what the others find compiled.
        if (round > 0) rounds.set(view.name, [...(rounds.get(view.name) ?? []), opened]);
      }
    }
    write(rounds, load, chrome.version());
  } finally {
    await chrome.close();
  }
}

function write(rounds: ReadonlyMap<string, readonly Opened[]>, load: number, chromium: string): void {
  const figures = (all: readonly number[]): string => {
    const sorted = [...all].sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
    return `${median.toFixed(0)} (${sorted[0]?.toFixed(0)}–${sorted.at(-1)?.toFixed(0)})`;
  };
  const rows = [...rounds].map(
    ([name, all]) =>
      `| ${name} | ${figures(all.map(({ clicked }) => clicked))} | ${figures(all.map(({ loaded }) => loaded))} |`,
  );
  const { cpu, cores, memoryGigabytes, kernel } = machine();
  const text = `# console: how long a view takes to open

\`node bench/console/main.ts ${ROUNDS} --requests ${values.requests} --findings ${values.findings} --sessions ${values.sessions} --reports ${values.reports}\` · commit ${commit()} · Node ${process.version} · Chromium ${chromium} ·
${cpu}, ${cores} cores, ${memoryGigabytes} GB, ${kernel} · load average ${load} when it was measured

The store (SQLite, ${(statSync(store).size / 1e6).toFixed(0)} MB) was filled through a gateway${isFilled ? ' in an earlier run, and opened by one that has started since' : ' that then served the console'}: ${values.findings} findings, ${values.reports} reports, ${values.sessions} sessions with
a call of a model each, ${values.requests} requests over 50 routes. Milliseconds until all of a view is painted, medians of ${ROUNDS} rounds
(least–most); asked for: under ${TARGET_MS}. Chromium without a GPU and the gateway share the cores.

| view | from a click in an open console | from the address bar, scripts included |
| --- | ---: | ---: |
${rows.join('\n')}
`;
  writeFileSync(join(RESULTS, 'console.md'), text);
  say(text);
}
