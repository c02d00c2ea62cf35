import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { configText, eventually, type LogLine } from './gateway.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

export interface Answered {
  status: number;
  body: string;
}

/** A gateway as it is run: a process of its own, perhaps with workers. */
export interface GatewayProcess {
  readonly url: string;
  readonly adminUrl: string;
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  out(): string;
  err(): string;
  /** Lines of the log so far; fails if one is no JSON. */
  lines(): LogLine[];
  /** Process ids of the workers that live now. */
  workers(): Promise<number[]>;
  /** A GET on a connection of its own: the next worker's turn. */
  get(path: string): Promise<Answered>;
  /** So many of them, one after the other: each worker has several. */
  gets(path: string, count: number): Promise<Answered[]>;
  admin(path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }>;
  /** The sum of a metric over the series whose labels include these. */
  metric(name: string, labels?: string): Promise<number>;
  write(config: object): Promise<void>;
}

/**
 * `hypercare start` with a config whose state is in a SQLite file unless it says otherwise; gone after the test.
 * @param options.begun told its process id, before it has started
 */
export async function gatewayProcess(
  config: Record<string, object>,
  { begun }: { begun?(pid: number): void } = {},
): Promise<GatewayProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-process-'));
  const file = join(folder, 'gateway.yaml');
  // A machine that is busy with other tests must not look like a store that is down.
  const text = (of: Record<string, object>): string =>
    configText({ ...of, store: { url: `sqlite:${join(folder, 'state.db')}`, timeout: '10s', ...of.store } });
  await writeFile(file, text(config));
  const child = spawn(process.execPath, [MAIN, 'start', '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  begun?.(child.pid ?? 0);
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    out += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    err += part;
  });
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exit;
    await rm(folder, { recursive: true, force: true });
  });
  const [, url = '', adminUrl = ''] = await eventually(() => {
    if (child.exitCode !== null) throw new Error(`it ended: ${err}${out}`);
    return /"url":"([^"]+)","admin":"([^"]+)"/.exec(out);
  }, 60_000);
  const get = (path: string) => ask(`${url}${path}`);
  return {
    url,
    adminUrl,
    child,
    exit,
    out: () => out,
    err: () => err,
    lines: () =>
      out
        .slice(0, out.lastIndexOf('\n'))
        .split('\n')
        .map((line) => JSON.parse(line) as LogLine),
    workers: () => workersOf(child.pid ?? 0),
    get,
    async gets(path, count) {
      const answers: Answered[] = [];
      for (let i = 0; i < count; i++) answers.push(await get(path));
      return answers;
    },
    async admin(path, body) {
      const init = body && {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'if-match': '*' },
        body: JSON.stringify(body),
      };
      const answer = await fetch(`${adminUrl}${path}`, init);
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    },
    async metric(name, labels = '') {
      const page = await (await fetch(`${adminUrl}/metrics`)).text();
      return page
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
        .filter((line) => line.includes(labels))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
    },
    write: (revised) => writeFile(file, text(revised as Record<string, object>)),
  };
}

/** Process ids of the workers that a gateway has now. */
export async function workersOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.trim().split(' ').filter(Boolean).map(Number);
}

function ask(url: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    request(url, { agent: false }, (response) => {
      let body = '';
      response
        .setEncoding('utf8')
        .on('data', (part: string) => {
          body += part;
        })
        .on('error', reject)
        .on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}
