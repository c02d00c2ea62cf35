import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @returns null where npm has not installed it below that folder */
export function npmVersion(home: string, name: string): string | null {
  const file = join(home, 'node_modules', name, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : null;
}

/** @returns null where pip has not installed it into that virtual environment */
export function pipVersion(home: string, name: string): string | null {
  const [file] = globSync(`lib/python*/site-packages/${name}-[0-9]*.dist-info/METADATA`, { cwd: home });
  if (file === undefined) return null;
  return /^Version: (.+)$/m.exec(readFileSync(join(home, file), 'utf8'))?.[1] ?? null;
}

/** The version that is there, and the one that was asked for where that is another. */
export const versionSaid = (found: string | null, asked: string): string =>
  found === asked ? asked : `${found ?? 'of unknown version'} (asked for: ${asked})`;
