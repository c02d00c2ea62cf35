import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

export interface RedisServerOptions {
  /** Keep data here, each write synced, so that a restart finds it. Absent: nothing is kept. */
  dir?: string;
  /** A Cluster of this one node, which holds all slots; `empty`: a node of one that is made later. */
  cluster?: boolean | 'empty';
  /** A Sentinel, of the master on this port, which it calls `main`; one is enough for it to act. */
  sentinelOf?: number;
  /** Further `redis-server` arguments. */
  args?: string[];
}

/** A real Redis on loopback. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Of the running process; another after `restart`. */
  readonly pid: number;
  /** Ends it at once, as a crash would. */
  kill9(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
  /** Ends it if it runs, and starts it on the same port. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay, answers do not come. */
  pause(): void;
  resume(): void;
  /** Runs `redis-cli` against it; what it printed. */
  cli(...args: string[]): Promise<string>;
}

const MISSING = 'redis-server is missing: apt-get install redis-server';
const STARTS_WITHIN_MS = 20_000;

/** Starts a `redis-server` on a free port and waits until it accepts. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const dir = await mkdtemp(join(tmpdir(), 'hypercare-redis-'));
  let port = 0;
  let child: ChildProcess | undefined;

  const start = async () => {
    child = await launch(port, dir, options);
    if (options.cluster === true) await cli('cluster', 'addslotsrange', '0', '16383');
    if (options.cluster === true)
      await until(async () => (await cli('cluster', 'info')).includes('cluster_state:ok'));
  };
  const kill9 = async () => {
    const running = child;
    child = undefined;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const exit = once(running, 'exit');
    running.kill('SIGKILL');
    await exit;
  };
  const cli = async (...args: string[]) =>
    (await promisify(execFile)('redis-cli', ['-h', '127.0.0.1', '-p', String(port), ...args])).stdout.trim();

  // Between finding a free port and taking it, another test may be faster.
  for (let attempt = 1; ; attempt++) {
    port = await freePort();
    try {
      await start();
      break;
    } catch (error) {
      await kill9();
      if (attempt < 5 && !(error instanceof Error && error.message === MISSING)) continue;
      await rm(dir, { recursive: true, force: true });
      throw error;
    }
  }

  return {
    url: `redis${options.cluster ? '-cluster' : ''}://127.0.0.1:${port}`,
    port,
    get pid() {
      return child?.pid ?? 0;
    },
    kill9,
    async stop() {
      await kill9();
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
    async restart() {
      await kill9();
      // A client that tries to connect may have been given this very port to call from.
      for (let attempt = 1; !child; attempt++) {
        child = await launch(port, dir, options).catch(async (error: unknown) => {
          if (attempt === 5) throw error;
          await sleep(200);
          return undefined;
        });
      }
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    cli,
  };
}

/** Polls until `condition` holds, throws when it does not within 20 s. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what = 'a condition',
): Promise<void> {
  const deadline = performance.now() + STARTS_WITHIN_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited 20 s for ${what}`);
    await sleep(20);
  }
}

async function launch(port: number, dir: string, options: RedisServerOptions): Promise<ChildProcess> {
  const kept = options.dir ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
  const cluster = options.cluster
    ? [
        '--cluster-enabled',
        'yes',
        '--cluster-announce-ip',
        '127.0.0.1',
        '--cluster-port',
        `${await freePort()}`,
      ]
    : [];
  const sentinel = options.sentinelOf === undefined ? [] : await sentinelArgs(dir, options.sentinelOf);
  const args = [
    ...sentinel,
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--dir',
    options.dir ?? dir,
    ...(options.sentinelOf === undefined ? ['--save', ''] : []),
  ];
  const child = spawn(
    'redis-server',
    [...args, ...(options.sentinelOf === undefined ? kept : []), ...cluster, ...(options.args ?? [])],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  let failure: Error | undefined;
  const note = (chunk: Buffer) => {
    output = (output + chunk).slice(-4000);
  };
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  child.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.code === 'ENOENT' ? new Error(MISSING) : error;
  });
  child.on('exit', () => {
    failure ??= new Error(`redis-server ended: ${output}`);
  });
  guard(child);
  try {
    // Its own word, because on a port that another took first, the other would answer.
    await until(
      () => failure !== undefined || /Ready to accept|\+monitor master/.test(output),
      'redis-server to start',
    );
    if (failure) throw failure;
    return child;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** Its config is a file that it writes to itself. */
async function sentinelArgs(dir: string, master: number): Promise<string[]> {
  const file = join(dir, 'sentinel.conf');
  const lines = [
    `sentinel monitor main 127.0.0.1 ${master} 1`,
    'sentinel down-after-milliseconds main 1500',
    'sentinel failover-timeout main 3000',
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  return [file, '--sentinel'];
}

/** A shell that waits for us to end, however that happens, and then ends the server: no run leaves one behind. */
function guard(child: ChildProcess): void {
  if (child.pid === undefined) return;
  const script = 'read -r _; kill -9 "$1"';
  const shell = spawn('sh', ['-c', script, 'sh', `${child.pid}`], { stdio: ['pipe', 'ignore', 'ignore'] });
  shell.on('error', () => child.kill('SIGKILL'));
  shell.unref();
  child.once('exit', () => shell.kill('SIGKILL'));
}
