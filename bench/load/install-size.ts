import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../harness/run-command.ts';

/** What an installation takes on the disk. */
export interface InstallSize {
  name: string;
  megabytes: number;
  packages: string;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Bytes of the files below a folder, without what lies in folders of some name. */
function bytesIn(folder: string, except?: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === except ? sum : sum + bytesIn(path, except);
    return entry.isFile() ? sum + statSync(path).size : sum;
  }, 0);
}

/** NaN where it is not installed. */
export const sizeOf = (name: string, home: string): InstallSize => ({
  name,
  megabytes: existsSync(home) ? bytesIn(home) / 1e6 : Number.NaN,
  packages: '–',
});

/** The sources and what they need when they run; neither tests nor tools, and not Node itself. */
export async function gatewaySize(): Promise<InstallSize> {
  const command = ['npm', 'ls', '--omit=dev', '--all', '--parseable', '--prefix', ROOT];
  const [, ...packages] = (await runCommand(command, 60_000)).trim().split('\n');
  const needed = packages.reduce((sum, folder) => sum + bytesIn(folder, 'node_modules'), 0);
  const own = ['src', 'plugins', 'config'].reduce((sum, folder) => sum + bytesIn(join(ROOT, folder)), 0);
  return { name: 'gateway', megabytes: (needed + own) / 1e6, packages: String(packages.length) };
}
