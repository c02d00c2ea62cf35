import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { freePort } from './free-port.ts';
import { eventually } from './gateway.ts';

export interface TestPrometheus {
  /** The result of an instant query; fails where Prometheus refuses the expression. */
  query(expr: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]>;
  /** Rules by name, as Prometheus has loaded them, with what went wrong in them. */
  rules(): Promise<{ name: string; lastError?: string }[]>;
}

/** A real Prometheus that scrapes one address, with the rules given; gone after the test. */
export async function testPrometheus(scraped: string, ruleFiles: readonly string[]): Promise<TestPrometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-prometheus-'));
  const file = join(folder, 'prometheus.yml');
  await writeFile(
    file,
    stringify({
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: ruleFiles,
      scrape_configs: [{ job_name: 'hypercare', static_configs: [{ targets: [new URL(scraped).host] }] }],
    }),
  );
  const port = await freePort();
  const child: ChildProcess = spawn(
    'prometheus',
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const exit = new Promise<void>((resolve) => child.once('close', () => resolve()));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exit;
    await rm(folder, { recursive: true, force: true });
  });

  async function api<T>(path: string): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    const answer = (await response.json()) as { status: string; error?: string; data: T };
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }

  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`prometheus ended: ${said}`);
    return fetch(`http://127.0.0.1:${port}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  }, 30_000);
  return {
    query: async (expr) =>
      (
        await api<{ result: Awaited<ReturnType<TestPrometheus['query']>> }>(
          `query?query=${encodeURIComponent(expr)}`,
        )
      ).result,
    rules: async () =>
      (await api<{ groups: { rules: { name: string; lastError?: string }[] }[] }>('rules')).groups.flatMap(
        ({ rules }) => rules,
      ),
  };
}

/** Runs promtool; what it printed, with its exit code. */
export async function promtool(...args: string[]): Promise<{ code: number; output: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)('promtool', args);
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string };
    if (typeof code !== 'number') throw error;
    return { code, output: stdout + stderr };
  }
}
