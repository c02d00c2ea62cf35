import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import type { PolicyDescriptor } from '../../src/contracts/policy.ts';
import { type Gateway, type GatewayOptions, startGateway } from '../../src/gateway.ts';
import { openLog } from '../../src/telemetry/logger.ts';

/** One line of the log, parsed. */
export type LogLine = Record<string, unknown> & { msg: string };

export interface TestGateway extends Gateway {
  /** Path of its configuration file. */
  readonly file: string;
  /** Every line that was logged so far. */
  readonly lines: LogLine[];
  /** The access-log line of a request, once it is there. */
  accessLine(match: (line: LogLine) => boolean): Promise<LogLine>;
  /** The value of a metric whose labels include the given ones; 0 if there is none. Several are summed. */
  metric(name: string, labels?: Record<string, string>): Promise<number>;
  /** Writes the file anew. */
  write(config: object | string): Promise<void>;
}

export interface TestGatewayOptions {
  /** Whether saving the file applies it; default no, so that a test says when. */
  watch?: boolean;
  env?: Record<string, string>;
  /** Wall clock, milliseconds since the epoch. */
  now?: () => number;
  /** Policies beside those that ship. */
  policies?: readonly PolicyDescriptor<unknown>[];
  /** What looks at the traffic. */
  engine?: GatewayOptions['engine'];
  ticks?: GatewayOptions['ticks'];
  /** Finds the addresses of upstreams' names. */
  resolve?: GatewayOptions['resolve'];
}

const KEEP = 20_000;

/** Waits until `check` gives something; fails after `ms`. Never a bare sleep. */
export async function eventually<T>(
  check: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  ms = 10_000,
): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > deadline)
      throw new Error(`did not happen within ${ms} ms: ${check.toString().slice(0, 200)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A machine that is busy with other tests makes the event loop late: a story about something else is not shed for it. */
const UNSHED = { maxEventLoopDelay: '10m' };

/** A config's text, with listeners on free ports and state in memory unless it says otherwise. */
export function configText(config: object | string): string {
  if (typeof config === 'string') return config;
  const {
    server = {},
    admin = {},
    store = {},
    hypercare,
    ...rest
  } = config as Record<string, Record<string, object>>;
  return stringify({
    version: 1,
    server: { listen: '127.0.0.1:0', ...server, shed: { ...UNSHED, ...server.shed } },
    admin: { listen: '127.0.0.1:0', ...admin },
    store: { url: 'memory:', ...store },
    // A thread of its own for each of many hundred gateways: only where the story is about it.
    hypercare: hypercare ?? { enabled: false },
    ...rest,
  });
}

/** On a busy machine a gateway may serve before its first connection to a Redis that is up stands. */
async function isStoreUp({ adminUrl }: Gateway): Promise<boolean> {
  const status = (await (await fetch(`${adminUrl}/api/status`)).json()) as { store: { isUp: boolean } };
  return status.store.isUp;
}

/** A real gateway on free ports, closed when the test is over; a Redis that it is told of has to be up. */
export async function testGateway(
  config: object | string,
  options: TestGatewayOptions = {},
): Promise<TestGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-test-'));
  const file = join(folder, 'gateway.yaml');
  await writeFile(file, configText(config));
  const lines: LogLine[] = [];
  const log = openLog('info', {
    write: (text: string) => {
      if (lines.length < KEEP) lines.push(JSON.parse(text) as LogLine);
    },
  });
  const gateway = await startGateway({
    file,
    env: { ...process.env, ...options.env },
    log,
    watch: options.watch ?? false,
    ...(options.now ? { now: options.now } : {}),
    ...(options.resolve ? { resolve: options.resolve } : {}),
    processMetrics: false,
    ...(options.policies ? { policies: options.policies } : {}),
    ...(options.engine ? { engine: options.engine } : {}),
    ...(options.ticks ? { ticks: options.ticks } : {}),
  });
  onTestFinished(async () => {
    await gateway.close();
    await rm(folder, { recursive: true, force: true });
  });
  if (gateway.loaded.config.store.url.startsWith('redis')) await eventually(() => isStoreUp(gateway), 30_000);
  return Object.assign(Object.create(gateway) as Gateway, {
    file,
    lines,
    accessLine: (match: (line: LogLine) => boolean) =>
      eventually(() => lines.find((line) => line.msg === 'request' && match(line))),
    metric: async (name: string, labels: Record<string, string> = {}) => {
      const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
      const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
      return text
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
        .filter((line) => wanted.every((label) => line.includes(label)))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
    },
    write: (revised: object | string) => writeFile(file, configText(revised)),
  });
}
