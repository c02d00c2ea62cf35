// `npm test`: sees to what the tests need, runs them all, and ends with one line that says how it went.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepCompiled } from './compile-cache.ts';

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { name: string; assertionResults: { fullName: string; status: string }[] }[];
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const works = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** What the tests start, each on ports of its own; the programs have to be there. */
const PROGRAMS: readonly { name: string; isThere(): boolean; hint: string }[] = [
  {
    name: 'redis-server',
    isThere: () => works('redis-server', '--version'),
    hint: 'Debian: apt-get install redis-server    macOS: brew install redis    Alpine: apk add redis',
  },
  {
    name: 'chromium',
    isThere: () =>
      process.env.HYPERCARE_CHROMIUM !== undefined ||
      ['chromium', 'chromium-browser', 'google-chrome'].some((name) => works(name, '--version')),
    hint: 'Debian: apt-get install chromium    Alpine: apk add chromium    elsewhere: HYPERCARE_CHROMIUM=/path/to/chrome',
  },
  {
    name: 'prometheus',
    isThere: () => works('prometheus', '--version') && works('promtool', '--version'),
    hint: 'Debian: apt-get install prometheus    macOS: brew install prometheus    Alpine: apk add prometheus',
  },
];

/** Installs what is missing where that is possible, else says what to install. */
function ensurePrograms(): boolean {
  const missing = PROGRAMS.filter(({ isThere }) => !isThere());
  if (missing.length === 0) return true;
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  if (works('apt-get', '--version') && (sudo.length === 0 || works('sudo', '-n', 'true'))) {
    const names = missing.map(({ name }) => name);
    say(`missing: ${names.join(', ')}: installing with apt-get`);
    for (const step of [['update'], ['install', '-y', '--no-install-recommends', ...names]]) {
      const [command = '', ...args] = [...sudo, 'apt-get', ...step];
      spawnSync(command, args, {
        stdio: 'inherit',
        // Runlevel 1: what is installed is not started as a service.
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
      });
    }
  }
  const left = missing.filter(({ isThere }) => !isThere());
  for (const { name, hint } of left) say(`${name} is missing. Install it and run this again. ${hint}`);
  return left.length === 0;
}

function runTests(args: string[]): number {
  const folder = mkdtempSync(join(tmpdir(), 'hypercare-report-'));
  const file = join(folder, 'report.json');
  const vitest = join(import.meta.dirname, '..', 'node_modules', 'vitest', 'vitest.mjs');
  const run = spawnSync(
    process.execPath,
    [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...args],
    { stdio: 'inherit' },
  );
  try {
    summarise(JSON.parse(readFileSync(file, 'utf8')) as Report);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return run.status ?? 1;
}

function summarise(report: Report): void {
  const skipped = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ fullName }) => `${name}: ${fullName}`),
  );
  for (const name of skipped) say(`skipped: ${name}`);
  const tail = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
  say(`${report.numPassedTests} passed, ${report.numFailedTests} failed${tail}`);
}

keepCompiled();
process.exitCode = ensurePrograms() ? runTests(process.argv.slice(2)) : 1;
