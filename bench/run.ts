// node bench/run.ts <suite> [--rounds N] [--seconds S] …, or <study> --data PATH: without a name, lists them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { hasCpuAccounting } from './harness/cpu.ts';
import { commit, loadAverage, machine, watchOtherWork } from './harness/machine.ts';
import { outcomeOf } from './harness/outcome.ts';
import { markdown, type Report } from './harness/report.ts';
import type { Call, Suite } from './harness/suite.ts';
import { versions } from './harness/versions.ts';
import { installPeers } from './load/peers/install.ts';
import type { Study } from './studies/study.ts';
import { STUDIES } from './studies.ts';
import { SUITES } from './suites.ts';

const USAGE = `npm run bench -- <suite> [--rounds 5] [--seconds 4] [--only nginx,gateway] [--profile FOLDER] [--anyway]
npm run bench -- <suite> --smoke        a few requests each, and no figures
npm run bench -- peers                  installs the gateways of others beside which ours is measured
npm run bench -- <study> --data PATH`;
const RESULTS = new URL('./results/', import.meta.url);
const print = (line: string): boolean => process.stdout.write(`${line}\n`);
const progress = (line: string): boolean => process.stderr.write(`${line}\n`);
const today = (): string => new Date().toISOString().slice(0, 16).replace('T', ' ');

function positive(text: string, flag: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${flag} takes a whole number from 1 on`);
  return value;
}

function readArguments(argv: string[]) {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '4' },
      smoke: { type: 'boolean', default: false },
      anyway: { type: 'boolean', default: false },
      only: { type: 'string' },
      profile: { type: 'string' },
      data: { type: 'string' },
    },
  });
  return { ...values, name: positionals[0], command: `npm run bench -- ${argv.join(' ')}` };
}

type Arguments = ReturnType<typeof readArguments>;

function callOf({ rounds, seconds, smoke, only, profile }: Arguments): Call {
  const wanted = only?.split(',').map((name) => name.trim());
  return {
    effort: smoke
      ? { rounds: 1, seconds: 1, warmUpSeconds: 0, isSmoke: true }
      : {
          rounds: positive(rounds, 'rounds'),
          seconds: positive(seconds, 'seconds'),
          warmUpSeconds: 4,
          isSmoke: false,
        },
    say: progress,
    wants: (subject) => wanted?.some((name) => subject.startsWith(name)) ?? true,
    profileTo: profile,
  };
}

async function runSuite(suite: Suite, given: Arguments): Promise<number> {
  if (!hasCpuAccounting()) throw new Error('the bench reads CPU time from /proc: it needs Linux');
  const call = callOf(given);
  const before = { load: loadAverage(), commit: commit(), date: today() };
  const otherWork = watchOtherWork();
  const findings = await suite.run(call);
  const report: Report = {
    suite: suite.name,
    what: suite.what,
    date: before.date,
    commit: before.commit,
    command: given.command,
    machine: machine(),
    loadAverageBefore: before.load,
    otherWork: otherWork(),
    versions: versions(),
    effort: call.effort,
    findings,
  };
  if (given.smoke) {
    const missing = findings.missing.map(({ subject }) => subject).join(', ');
    print(`${suite.name}: works${missing === '' ? '' : `; not here: ${missing}`}`);
    return 0;
  }
  const text = markdown(report);
  print(text);
  const { isWritten, says, exitCode } = outcomeOf(report, given);
  if (isWritten) writeResults(report.suite, text, report);
  for (const sentence of says) print(sentence);
  return exitCode;
}

async function runStudy(study: Study, { data, command }: Arguments): Promise<number> {
  if (data === undefined) throw new Error(`${study.name} needs --data PATH: ${study.data}`);
  const date = today();
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
  for (const [name, suite] of Object.entries(SUITES)) print(`  ${name.padEnd(10)} ${suite().what}`);
  for (const { name, what, data } of STUDIES) print(`  ${name}  ${what} (--data: ${data})`);
  return 0;
}

async function run(given: Arguments): Promise<number> {
  const { name } = given;
  if (name === undefined) return listSuites();
  if (name === 'peers') return installPeers(progress);
  const study = STUDIES.find((each) => each.name === name);
  if (study) return runStudy(study, given);
  const suite = SUITES[name];
  if (suite) return runSuite(suite(), given);
  const names = ['peers', ...Object.keys(SUITES), ...STUDIES.map((each) => each.name)];
  throw new Error(`no suite "${name}"; there are: ${names.join(', ')}`);
}

try {
  process.exitCode = await run(readArguments(process.argv.slice(2)));
} catch (error) {
  progress(`FAILED: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
// What a failed run has left running is ended by those who started it when the process ends, and would keep it from that.
process.stdout.write('', () => process.exit());
