// `npm run check`: everything that must hold before a commit. Stops at the first thing that does not.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { keepCompiled } from './compile-cache.ts';

type Step = readonly [what: string, ...command: string[]];

/** None depends on how fast it is: several at once. The longest first. */
const TOGETHER: readonly Step[] = [
  ['benches', 'node', 'bench/smoke.ts'],
  ['types', 'tsc', '-p', '.'],
  ['lint and format', 'biome', 'ci', '.'],
  ['layers', 'depcruise', 'src', 'plugins', '--config', '.dependency-cruiser.cjs'],
  ['unused code', 'knip'],
  ['types of the console', 'tsc', '-p', 'src/console/app'],
  ['generated files', 'node', 'scripts/generate.ts', '--check'],
];
/** They have the machine for themselves. */
const TESTS: Step = ['tests', 'npm', 'test'];

/** Runs one step; what it prints is shown at once, or when it has ended if others print beside it. */
async function run([what, command = '', ...args]: Step, isKept: boolean): Promise<void> {
  const head = `\n== ${what}: ${command} ${args.join(' ')}\n`;
  if (!isKept) process.stdout.write(head);
  const child = spawn(command, args, {
    stdio: ['ignore', isKept ? 'pipe' : 'inherit', isKept ? 'pipe' : 'inherit'],
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const status = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (isKept) process.stdout.write(Buffer.concat([Buffer.from(head), ...chunks]));
  if (status === 0) return;
  process.stdout.write(`\n${what}: failed\n`);
  process.exit(1);
}

keepCompiled();
const waiting = [...TOGETHER];
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) await run(step, true);
  }),
);
await run(TESTS, false);
