import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { pinned } from './pinning.ts';

/** A server that runs. */
export interface Started {
  pid: number;
  port: number;
  /** Throws if it has ended although nobody stopped it. */
  assertAlive(): void;
  stop(): Promise<void>;
}

export interface StartOptions {
  name: string;
  /** Or several: '0,1'. */
  core: number | string;
  command: readonly string[];
  port: number;
  env?: Readonly<Record<string, string>>;
  /** File for what it writes to standard output; dropped if absent. */
  stdout?: string;
}

const STOP_WITHIN_MS = 5_000;
const KEPT_STDERR = 2_000;
const running = new Set<ChildProcess>();

// However this process ends, it leaves nothing behind. SIGTERM and not SIGKILL: nginx's master takes its worker along.
process.on('exit', () => {
  for (const child of running) child.kill('SIGTERM');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

/** Starts a server on a core. It may not serve yet: see `untilServes`. */
export function startProcess(options: StartOptions): Started {
  const [program = '', ...args] = pinned(options.core, options.command);
  const stdout = options.stdout ? openSync(options.stdout, 'a') : undefined;
  const child = spawn(program, args, {
    stdio: ['ignore', stdout ?? 'ignore', 'pipe'],
    env: { ...process.env, NODE_ENV: 'production', ...options.env },
  });
  if (stdout !== undefined) closeSync(stdout);
  let stderr = '';
  let ended: string | null = null;
  let stopping = false;
  child.stderr?.on('data', (text: Buffer) => {
    stderr = (stderr + text.toString()).slice(-KEPT_STDERR);
  });
  running.add(child);
  const gone = new Promise<void>((resolve) => {
    const end = (how: string): void => {
      ended ??= how;
      running.delete(child);
      resolve();
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (code, signal) => end(`code ${code}, signal ${signal}`));
  });
  return {
    pid: child.pid ?? 0,
    port: options.port,
    assertAlive() {
      if (ended !== null && !stopping)
        throw new Error(`${options.name} has ended (${ended}): ${stderr.trim()}`);
    },
    async stop() {
      stopping = true;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await gone;
      clearTimeout(timer);
    },
  };
}

const given = new Set<number>();

/** Below what systems give to whoever asks for any port (Linux from 32768 on): no server and no client that starts meanwhile gets one of these. */
const [FROM, TO] = [15_000, 32_000];

/** A port of 127.0.0.1 that nobody listens on just now, and that nobody was given before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FROM + Math.floor(Math.random() * (TO - FROM));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    );
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
