import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Generated, Generator, Load } from './generator.ts';
import { LOAD_CORE, pinned } from './pinning.ts';
import { runCommand } from './run-command.ts';

/** An answer that takes longer counts as a failure; the slowest peer has dozens of streams at once on one core. */
const LONGEST_ANSWER_SECONDS = 20;

/** Every byte as a decimal escape: a Lua string that needs no further thought. */
const lua = (text: string): string => `"${[...Buffer.from(text)].map((byte) => `\\${byte}`).join('')}"`;

const DONE = `
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\\n{"requests":%d,"microseconds":%d,"bytes":%d,"p50":%d,"p99":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}\\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    e.connect, e.read, e.write, e.timeout, e.status))
end
`;

/** Looks at every status, which costs wrk more than the request itself: only to find out what went wrong. */
const COUNTING = `
local threads = {}
function setup(thread) table.insert(threads, thread) end
counts = ""
local by = {}
function response(status)
  by[status] = (by[status] or 0) + 1
  counts = ""
  for s, n in pairs(by) do counts = counts .. "status " .. s .. "=" .. n .. ";" end
end
done = function() io.write("\\n" .. threads[1]:get("counts") .. "\\n") end
`;

function script({ asked }: Load, ending: string): string {
  const headers = Object.entries(asked.headers).map(
    ([name, value]) => `wrk.headers[${lua(name)}] = ${lua(value)}`,
  );
  const body = asked.body === '' ? [] : [`wrk.body = ${lua(asked.body)}`];
  return [`wrk.method = ${lua(asked.method)}`, ...headers, ...body, ending].join('\n');
}

async function run(load: Load, seconds: number, ending: string): Promise<string> {
  const file = join(load.folder, 'wrk.lua');
  writeFileSync(file, script(load, ending));
  const url = `${load.origin}${load.asked.path}`;
  const command = [
    'wrk',
    '-t1',
    `-c${load.connections}`,
    `-d${seconds}s`,
    '--timeout',
    `${LONGEST_ANSWER_SECONDS}s`,
    '-s',
    file,
    url,
  ];
  const printed = await runCommand(pinned(LOAD_CORE, command), (seconds + 2 * LONGEST_ANSWER_SECONDS) * 1000);
  return printed.trimEnd().split('\n').at(-1) ?? '';
}

async function failuresOf(load: Load, told: Record<string, number>): Promise<Record<string, number>> {
  const failures: Record<string, number> = {};
  for (const what of ['connect', 'read', 'write', 'timeout']) {
    const times = told[what] ?? 0;
    if (times > 0) failures[what] = times;
  }
  const statuses = told.status ?? 0;
  if (statuses === 0) return failures;
  failures['status of 400 or more'] = statuses;
  const counted = await run(load, 1, COUNTING).catch(() => '');
  for (const [, status = '', times = ''] of counted.matchAll(/(status \d+)=(\d+);/g)) {
    failures[`${status}, in one more second`] = Number(times);
  }
  return failures;
}

/** https://github.com/wg/wrk: one thread, the request built once. */
export function wrk(): Generator {
  const version = /wrk (\S+)/.exec(spawnSync('wrk', ['-v'], { encoding: 'utf8' }).stdout)?.[1] ?? '';
  return {
    name: `wrk ${version}`.trim(),
    async run(load): Promise<Generated> {
      const told = JSON.parse(await run(load, load.seconds, DONE)) as Record<string, number>;
      const figure = (name: string): number => told[name] ?? 0;
      return {
        requests: figure('requests'),
        seconds: figure('microseconds') / 1e6,
        bytes: figure('bytes'),
        p50: figure('p50') / 1000,
        p99: figure('p99') / 1000,
        failures: await failuresOf(load, told),
      };
    },
  };
}
