// `npm run check`: everything that must hold before a commit. Stops at the first thing that does not.
import { spawnSync } from 'node:child_process';
import { keepCompiled } from './compile-cache.ts';

const STEPS: readonly [what: string, ...command: string[]][] = [
  ['lint and format', 'biome', 'ci', '.'],
  ['types', 'tsc', '-p', '.'],
  ['types of the console', 'tsc', '-p', 'src/console/app'],
  ['layers', 'depcruise', 'src', 'plugins', '--config', '.dependency-cruiser.cjs'],
  ['unused code', 'knip'],
  ['generated files', 'node', 'scripts/generate.ts', '--check'],
  ['benches', 'node', 'bench/smoke.ts'],
  ['tests', 'npm', 'test'],
];

keepCompiled();
for (const [what, command = '', ...args] of STEPS) {
  process.stdout.write(`\n== ${what}: ${command} ${args.join(' ')}\n`);
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) {
    process.stdout.write(`\n${what}: failed\n`);
    process.exit(1);
  }
}
