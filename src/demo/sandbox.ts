/**
 * The whole sandbox: every backend and model a process of its own, so that one can be killed, stalled
 * or drained without the others (or the gateway) noticing.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { ProcessReport, ProcessSpec } from './sandbox-process.ts';

/** Ports, 0 picks a free one; a kind that is left out is not started. */
export interface SandboxPorts {
  products?: readonly number[];
  payment?: number | readonly number[];
  recommendations?: number | readonly number[];
  models?: readonly number[];
  /** Address that all listen on, 127.0.0.1 unless told. */
  host?: string;
}

/** One running process of the sandbox. */
export interface SandboxService {
  name: string;
  /** Origin without a trailing slash. */
  url: string;
  kind: ProcessSpec['kind'];
  pid: number;
}

export interface Sandbox {
  services: SandboxService[];
  /** Ends every process and resolves when all are gone and their ports free. */
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 10_000;
const TERM_GRACE_MS = 2_000;

/**
 * Starts the sandbox and resolves when each service answers. Rejects, with nothing left running, when
 * one can't start; a port in use is named in the error.
 */
export async function startSandbox(ports: SandboxPorts): Promise<Sandbox> {
  const children = specsOf(ports).map((spec) => ({ spec, child: launch(spec) }));
  const close = async () => {
    await Promise.all(children.map(({ child }) => end(child)));
  };
  // All settled first: a process still starting must not slip past the clean-up.
  const started = await Promise.allSettled(children.map(({ spec, child }) => answers(spec, child)));
  const failed = started.find((result) => result.status === 'rejected');
  if (failed) {
    await close();
    throw failed.reason;
  }
  return {
    services: started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
    close,
  };
}

function specsOf({
  products = [],
  payment,
  recommendations,
  models = [],
  host,
}: SandboxPorts): ProcessSpec[] {
  const at = host === undefined ? {} : { host };
  const some = (kind: 'payment' | 'recommendations', of: number | readonly number[] = []): ProcessSpec[] =>
    [of].flat().map((port, n) => ({ kind, name: n === 0 ? kind : `${kind}-${n + 1}`, port, ...at }));
  return [
    ...products.map((port, n): ProcessSpec => ({ kind: 'products', name: `products-${n + 1}`, port, ...at })),
    ...some('payment', payment),
    ...some('recommendations', recommendations),
    ...models.map((port, n): ProcessSpec => ({ kind: 'model', name: `model-${n + 1}`, port, ...at })),
  ];
}

function launch(spec: ProcessSpec): ChildProcess {
  // As TypeScript under type stripping and as JavaScript after the build: the entry is spelt as this file.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const entry = fileURLToPath(new URL(`./sandbox-process.${extension}`, import.meta.url));
  return fork(entry, [JSON.stringify(spec)], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

async function answers(spec: ProcessSpec, child: ChildProcess): Promise<SandboxService> {
  const { name, kind } = spec;
  const report = await reportOf(child, name);
  if ('failed' in report) throw new Error(report.failed);
  const response = await new Promise<{ statusCode?: number }>((resolve, reject) => {
    const request = get(`${report.url}/healthz`, { agent: false, timeout: START_TIMEOUT_MS }, (answer) => {
      answer.resume();
      resolve(answer);
    });
    request.once('timeout', () => request.destroy(new Error(`${name} does not answer at ${report.url}.`)));
    request.once('error', reject);
  });
  if (response.statusCode !== 200)
    throw new Error(`${name} answers ${response.statusCode} at ${report.url}.`);
  return { name, url: report.url, kind, pid: child.pid ?? 0 };
}

async function reportOf(child: ChildProcess, name: string): Promise<ProcessReport> {
  const started = new AbortController();
  const signal = AbortSignal.any([started.signal, AbortSignal.timeout(START_TIMEOUT_MS)]);
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([report]): ProcessReport => report),
      once(child, 'exit', { signal }).then(
        ([code, sig]): ProcessReport => ({ failed: `${name} ended (${sig ?? code}).` }),
      ),
    ]);
  } catch (error) {
    const late = error instanceof Error && error.name === 'AbortError';
    throw late ? new Error(`${name} did not start within ${START_TIMEOUT_MS} ms.`, { cause: error }) : error;
  } finally {
    started.abort();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const stubborn = setTimeout(() => child.kill('SIGKILL'), TERM_GRACE_MS);
  await gone;
  clearTimeout(stubborn);
}
