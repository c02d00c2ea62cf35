import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isInstalled } from './pinning.ts';

function told(program: string, flag: string, pattern: RegExp): string {
  if (!isInstalled(program)) return 'missing';
  const { stdout, stderr } = spawnSync(program, [flag], { encoding: 'utf8' });
  return pattern.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown';
}

/** Of a package as it is installed here. */
export function packageVersion(name: string): string {
  const file = fileURLToPath(import.meta.resolve(`${name}/package.json`));
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** Versions of the programs that suites may use, and of what the gateway and raw dispatch send requests with. */
export const versions = (): Record<string, string> => ({
  node: process.version,
  undici: packageVersion('undici'),
  nginx: told('nginx', '-v', /nginx\/(\S+)/),
  haproxy: told('haproxy', '-v', /version (\S+)/i),
  'redis-server': told('redis-server', '--version', /v=(\S+)/),
  wrk: told('wrk', '-v', /wrk (\S+)/),
});
