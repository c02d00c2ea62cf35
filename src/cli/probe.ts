import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { type ProbeReport, reportText } from '../context/probes/report.ts';
import { runProbe } from '../context/probes/run-probe.ts';
import { ProbeProblem, readProbe } from '../context/probes/script.ts';
import { runHook } from './probe-hooks.ts';
import { untilAsked } from './until-asked.ts';

interface ProbeOptions {
  url: string;
  model: string;
  admin?: string;
  hook: Map<string, string>;
  timeout: number;
  hookTimeout: number;
  json?: boolean;
}

/** What the verb ends with. A fault goes before steps that could not be done. */
const CODES: Readonly<Record<ProbeReport['outcome'], number>> = {
  passed: 0,
  forgot: 1,
  broken: 1,
  partial: 3,
};
const NO_SCRIPT = 2;

const EXIT_CODES = `
Exit codes:
  0  all passed
  1  something was forgotten, or a script could not be run to its end
  2  a script is none
  3  what could be done passed, and some steps could not be (see --admin and --hook)
  130, 143  it was broken off by Ctrl-C or SIGTERM, and a running hook ended`;

/** The verb `hypercare probe`. Keys come from the environment: arguments can be read by every user of the machine. */
export function probeCommand(program: Command, done: (code: number) => void): void {
  program
    .command('probe')
    .description(
      'run scripted conversations against a live model, and tell what of them came back; the consumer’s key is read from HYPERCARE_PROBE_KEY, the admin token from HYPERCARE_ADMIN_TOKEN',
    )
    .argument('<files...>', 'scripts, such as those in config/examples/probes')
    .requiredOption('-m, --model <alias>', 'model to talk to')
    .option('-u, --url <url>', 'AI routes of the gateway', 'http://127.0.0.1:8080/v1')
    .option('-a, --admin <url>', 'admin API, for steps that need it')
    .option(
      '--hook <name=command>',
      'command for a hook of the script; may stand several times',
      hook,
      new Map(),
    )
    .option(
      '--timeout <seconds>',
      'for one answer, and for waiting where it is 503 with a Retry-After',
      seconds,
      60,
    )
    .option('--hook-timeout <seconds>', 'for the command of one hook; it is ended then', seconds, 300)
    .option('--json', 'the report as JSON')
    .addHelpText('after', EXIT_CODES)
    .action(async (files: string[], options: ProbeOptions) =>
      done(await untilAsked((signal) => runProbes(files, options, signal))),
    );
}

async function runProbes(
  files: readonly string[],
  options: ProbeOptions,
  signal: AbortSignal,
): Promise<number> {
  const { url, model, admin, hook: hooks, timeout, hookTimeout, json = false } = options;
  const say = (text: string): boolean => process.stdout.write(`${text}\n`);
  const codes = new Set<number>();
  for (const file of files) {
    if (signal.aborted) break;
    let script: ReturnType<typeof readProbe>;
    try {
      script = readProbe(await readFile(file, 'utf8'), file);
    } catch (error) {
      process.stderr.write(`${(error as Error).message}\n`);
      return error instanceof ProbeProblem ? NO_SCRIPT : CODES.broken;
    }
    const report = await runProbe(script, {
      url: url.replace(/\/+$/, ''),
      model,
      apiKey: process.env.HYPERCARE_PROBE_KEY ?? '',
      ...(admin !== undefined && { admin: { url: admin, token: process.env.HYPERCARE_ADMIN_TOKEN ?? '' } }),
      hook: (name) => {
        const command = hooks.get(name);
        return command === undefined
          ? undefined
          : runHook(name, command, { timeoutMs: hookTimeout * 1000, signal });
      },
      clock: { wall: Date.now, monotonic: () => performance.now() },
      timeoutMs: timeout * 1000,
      signal,
    });
    say(json ? JSON.stringify(report) : reportText(report));
    codes.add(CODES[report.outcome]);
  }
  return [CODES.broken, CODES.partial].find((code) => codes.has(code)) ?? CODES.passed;
}

function hook(given: string, before: Map<string, string>): Map<string, string> {
  const at = given.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It is a name, "=", and a command.');
  return new Map(before).set(given.slice(0, at), given.slice(at + 1));
}

function seconds(given: string): number {
  const value = Number(given);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('It is a number of seconds.');
  return value;
}
