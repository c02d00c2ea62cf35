import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { cpuMicroseconds } from './cpu.ts';
import { LOAD_CORE, pinned } from './pinning.ts';

/** What a client has told, and what it cost while it counted. */
export interface Counted<Figures> {
  figures: Figures;
  seconds: number;
  /** Microseconds of CPU, by the names of the processes that were watched; `client` is the client itself. */
  cpu: Record<string, number>;
}

const KEPT_STDERR = 2_000;

/**
 * Runs one of `load/clients/` on the load's core and reads the CPU of processes for the time that it counts.
 * @param onBegin called when it begins to count
 * @throws if it fails or takes too long
 */
export function runClient<Figures>(
  file: string,
  order: object,
  watched: Readonly<Record<string, number>>,
  timeoutMs: number,
  onBegin: () => void = () => undefined,
): Promise<Counted<Figures>> {
  const [program = '', ...args] = pinned(LOAD_CORE, [process.execPath, file, JSON.stringify(order)]);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
    const used = (): Record<string, number> =>
      Object.fromEntries(
        Object.entries({ ...watched, client: child.pid ?? 0 }).map(([name, pid]) => [
          name,
          cpuMicroseconds(pid),
        ]),
      );
    let before: Record<string, number> = {};
    let began = 0;
    let seconds = 0;
    let cpu: Record<string, number> = {};
    let stderr = '';
    let told = '';
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'begin') {
        before = used();
        began = performance.now();
        onBegin();
      } else if (line === 'end') {
        seconds = (performance.now() - began) / 1000;
        cpu = Object.fromEntries(
          Object.entries(used()).map(([name, at]) => [name, at - (before[name] ?? 0)]),
        );
      } else told = line;
    });
    child.stderr.on('data', (text: Buffer) => {
      stderr = (stderr + text.toString()).slice(-KEPT_STDERR);
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0 && told !== '') resolve({ figures: read(told) as Figures, seconds, cpu });
      else reject(new Error(`${file} ended with ${signal ?? code}: ${stderr}`));
    });
  });
}

/** JSON has no word for what there was nothing to take from. */
const read = (told: string): unknown =>
  JSON.parse(told, (_key, value: unknown) => (value === null ? Number.NaN : value));
