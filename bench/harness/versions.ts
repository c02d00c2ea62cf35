import { spawnSync } from 'node:child_process';
import { isInstalled } from './pinning.ts';

function told(program: string, flag: string, pattern: RegExp): string {
  if (!isInstalled(program)) return 'missing';
  const { stdout, stderr } = spawnSync(program, [flag], { encoding: 'utf8' });
  return pattern.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown';
}

/** Versions of the programs that suites may use. */
export const versions = (): Record<string, string> => ({
  node: process.version,
  nginx: told('nginx', '-v', /nginx\/(\S+)/),
  haproxy: told('haproxy', '-v', /version (\S+)/i),
  'redis-server': told('redis-server', '--version', /v=(\S+)/),
  wrk: told('wrk', '-v', /wrk (\S+)/),
});
