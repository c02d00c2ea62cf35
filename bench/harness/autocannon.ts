import { fileURLToPath } from 'node:url';
import type { Generated, Generator } from './generator.ts';
import { LOAD_CORE, pinned } from './pinning.ts';
import { runCommand } from './run-command.ts';
import { packageVersion } from './versions.ts';

/** What of autocannon's JSON is read. */
interface Told {
  '2xx': number;
  non2xx: number;
  duration: number;
  errors: number;
  timeouts: number;
  /** Connections that the server closed under a request. */
  resets: number;
  statusCodeStats: Readonly<Record<string, { count: number }>>;
  latency: { p50: number; p99: number };
  throughput: { total: number };
}

function failuresOf(told: Told): Record<string, number> {
  const failures: Record<string, number> = {};
  for (const [status, { count }] of Object.entries(told.statusCodeStats)) {
    if (!status.startsWith('2')) failures[`status ${status}`] = count;
  }
  // autocannon counts a timeout among its errors.
  if (told.timeouts > 0) failures.timeout = told.timeouts;
  if (told.errors > told.timeouts) failures.connection = told.errors - told.timeouts;
  if (told.resets > 0) failures.reset = told.resets;
  return failures;
}

/** https://github.com/mcollina/autocannon, in a process of its own. */
export function autocannon(): Generator {
  const file = fileURLToPath(import.meta.resolve('autocannon'));
  return {
    name: `autocannon ${packageVersion('autocannon')}`,
    async run({ origin, asked, connections, seconds }): Promise<Generated> {
      const headers = Object.entries(asked.headers).flatMap(([name, value]) => ['-H', `${name}=${value}`]);
      const body = asked.body === '' ? [] : ['-b', asked.body];
      const flags = ['-j', '-n', '-c', String(connections), '-d', String(seconds), '-m', asked.method];
      const command = [process.execPath, file, ...flags, ...headers, ...body, `${origin}${asked.path}`];
      const told = JSON.parse(await runCommand(pinned(LOAD_CORE, command), (seconds + 20) * 1000)) as Told;
      return {
        requests: told['2xx'] + told.non2xx,
        seconds: told.duration,
        bytes: told.throughput.total,
        p50: told.latency.p50,
        p99: told.latency.p99,
        failures: failuresOf(told),
      };
    },
  };
}
