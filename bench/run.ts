// node bench/run.ts <suite> [--rounds N] [--seconds S] [--smoke], or <study> --data PATH: without a name, lists them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { tablesOf } from './harness/compare.ts';
import { hasCpuAccounting } from './harness/cpu.ts';
import { commit, loadAverage, machine } from './harness/machine.ts';
import { markdown, type Report } from './harness/report.ts';
import { runSuite } from './harness/rounds.ts';
import type { Effort, Suite } from './harness/suite.ts';
import { nginxVersion } from './load/nginx.ts';
import type { Study } from './studies/study.ts';
import { STUDIES } from './studies.ts';
import { SUITES } from './suites.ts';

const USAGE = 'node bench/run.ts <suite> [--rounds 5] [--seconds 4] [--smoke] | <study> --data PATH';
const RESULTS = new URL('./results/', import.meta.url);
const print = (line: string): boolean => process.stdout.write(`${line}\n`);
const progress = (line: string): boolean => process.stderr.write(`${line}\n`);

interface StudyCall {
  study: Study;
  data: string;
  command: string;
}

interface Call {
  suite: Suite;
  effort: Effort;
  smoke: boolean;
  command: string;
}

function positive(text: string, flag: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${flag} takes a whole number from 1 on`);
  return value;
}

/** What to do; null if the list of suites was asked for. */
function readCall(argv: string[]): Call | StudyCall | null {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '4' },
      smoke: { type: 'boolean', default: false },
      data: { type: 'string' },
    },
  });
  const [name] = positionals;
  if (name === undefined) return null;
  const command = `npm run bench -- ${argv.join(' ')}`;
  const study = STUDIES.find((each) => each.name === name);
  if (study) {
    if (values.data === undefined) throw new Error(`${name} needs --data PATH: ${study.data}`);
    return { study, data: values.data, command };
  }
  const suite = SUITES[name];
  if (!suite) {
    const names = [...Object.keys(SUITES), ...STUDIES.map((each) => each.name)];
    throw new Error(`no suite "${name}"; there are: ${names.join(', ')}`);
  }
  const seconds = positive(values.seconds, 'seconds');
  const effort = values.smoke
    ? { rounds: 1, seconds: 1, warmUpSeconds: 0 }
    : { rounds: positive(values.rounds, 'rounds'), seconds, warmUpSeconds: 4 };
  return { suite: suite(), effort, smoke: values.smoke, command };
}

async function runCall({ suite, effort, smoke, command }: Call): Promise<number> {
  if (!hasCpuAccounting()) throw new Error('the bench reads CPU time from /proc: it needs Linux');
  const before = { load: loadAverage(), commit: commit(), date: new Date() };
  const run = await runSuite(suite, effort, progress);
  const tables = tablesOf(suite, run);
  const report: Report = {
    suite: suite.name,
    what: suite.what,
    date: before.date.toISOString().slice(0, 16).replace('T', ' '),
    commit: before.commit,
    command,
    machine: machine(),
    loadAverageBefore: before.load,
    versions: { node: process.version, nginx: nginxVersion().replace('nginx/', '') || 'missing' },
    connections: suite.connections,
    effort,
    run,
    tables,
  };
  const text = markdown(report, suite);
  print(text);
  if (smoke) return 0;
  if (tables.some(({ starved }) => starved.length > 0)) {
    print('FAILED: the load was the bottleneck of the subjects named above. Nothing was written.');
    return 1;
  }
  writeResults(suite.name, text, report);
  return 0;
}

async function runStudy({ study, data, command }: StudyCall): Promise<number> {
  const date = new Date().toISOString().slice(0, 16).replace('T', ' ');
  const findings = await study.run(data);
  const facts = { commit: commit(), date, machine: machine(), node: process.version };
  // The path says where the data lay on one machine: nobody else's business.
  const shown = command.replace(data, 'PATH');
  const text = [
    `# ${study.name}: ${study.what}`,
    `\`${shown}\` · ${date} · commit ${facts.commit} · Node ${process.version} · ${facts.machine.cpu}, ${facts.machine.cores} cores`,
    findings.markdown,
  ].join('\n\n');
  print(text);
  writeResults(study.name, text, { command: shown, ...facts, findings: findings.data });
  return 0;
}

function writeResults(name: string, text: string, report: object): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(new URL(`${name}.md`, RESULTS), text);
  writeFileSync(new URL(`${name}.json`, RESULTS), `${JSON.stringify(report, null, 1)}\n`);
  print(`Written: bench/results/${name}.md and .json`);
}

function listSuites(): number {
  print(USAGE);
  for (const [name, suite] of Object.entries(SUITES)) print(`  ${name}  ${suite().what}`);
  for (const { name, what, data } of STUDIES) print(`  ${name}  ${what} (--data: ${data})`);
  return 0;
}

try {
  const call = readCall(process.argv.slice(2));
  if (!call) process.exitCode = listSuites();
  else process.exitCode = 'study' in call ? await runStudy(call) : await runCall(call);
} catch (error) {
  progress(`FAILED: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
