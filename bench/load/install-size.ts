import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUILT_MAIN, buildObstacle } from './built.ts';
import { LITELLM, PORTKEY } from './peers/places.ts';

/** What an installation takes on the disk. */
export interface InstallSize {
  name: string;
  /** What is in it and what is not. */
  what: string;
  /** Sum of the lengths of its files; NaN where it is not installed. */
  megabytes: number;
  /** How many packages of npm are in it; NaN where nobody counts them. */
  packages: number;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Bytes of files and of those below folders, as far as they are there; who has two names counts once.
 * @param except a name of folders that don't count
 */
function bytesOf(paths: readonly string[], except?: string): number {
  const sizes = new Map<string, number>();
  const add = (path: string): void => {
    const found = lstatSync(path);
    if (found.isFile()) sizes.set(`${found.dev} ${found.ino}`, found.size);
    if (!found.isDirectory()) return;
    for (const name of readdirSync(path)) if (name !== except) add(join(path, name));
  };
  for (const path of paths) if (existsSync(path)) add(path);
  return sizes.values().reduce((sum, size) => sum + size, 0);
}

/** Folders of the installed packages, as npm wrote them down when it installed them. */
function packagesIn(root: string, isWanted: (entry: { dev?: boolean }) => boolean): string[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  return Object.entries(packages)
    .filter(([, entry]) => isWanted(entry))
    .map(([folder]) => join(root, folder));
}

/** What git keeps there; null where it keeps nothing. */
function trackedIn(root: string): string[] | null {
  const maxBuffer = 64 * 1024 * 1024;
  const { status, stdout } = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8', maxBuffer });
  return status === 0 && stdout !== '' ? stdout.split('\0').filter((file) => file !== '') : null;
}

/**
 * The ways to have this gateway.
 * @param root of a checkout after `npm ci`
 * @param isBuilt whether what is built there is of these sources
 */
export function gatewaySizes(root = ROOT, isBuilt = buildObstacle(BUILT_MAIN) === null): InstallSize[] {
  const needed = packagesIn(root, ({ dev }) => dev !== true);
  const all = packagesIn(root, () => true);
  const tracked = trackedIn(root);
  const below = (...paths: string[]): string[] => paths.map((path) => join(root, path));
  // Each package by itself: what lies in its own node_modules is named as well.
  const ofNeeded = bytesOf(needed, 'node_modules');
  const ofSources = bytesOf(below('src', 'plugins', 'config'));
  const ofImage = isBuilt ? bytesOf(below('dist', 'config', 'package.json', 'LICENSE')) : Number.NaN;
  // The cache is written later, by what runs.
  const ofCheckout = tracked
    ? bytesOf(below('node_modules', 'src/console/built', ...tracked), '.cache')
    : Number.NaN;
  return [
    {
      name: 'gateway, its sources',
      what: 'src, plugins, config and the packages that they need when they run; no tests, no tools, not Node',
      megabytes: (ofNeeded + ofSources) / 1e6,
      packages: needed.length,
    },
    {
      name: 'gateway, as the image has it',
      what: 'dist, config and the packages that `npm ci --omit=dev` leaves; not Node and not Debian, which the image stands on',
      megabytes: (ofNeeded + ofImage) / 1e6,
      packages: needed.length,
    },
    {
      name: 'gateway, a checkout after `npm ci`',
      what: 'what git has in its tree (not its history), all packages with those for development, of which one is Node itself, and the console that is built then',
      megabytes: ofCheckout / 1e6,
      packages: all.length,
    },
  ];
}

const sizeOf = (name: string, what: string, home: string): InstallSize => ({
  name,
  what,
  megabytes: existsSync(home) ? bytesOf([home]) / 1e6 : Number.NaN,
  packages: Number.NaN,
});

/** Ours, those of others, and what all but one of them leave out. */
export const installSizes = (): InstallSize[] => [
  ...gatewaySizes(),
  {
    name: 'Node',
    what: 'its binary alone, which runs ours and Portkey',
    megabytes: statSync(process.execPath).size / 1e6,
    packages: Number.NaN,
  },
  sizeOf('Portkey', 'its folder of npm with all packages that it brings; not Node', PORTKEY.home),
  sizeOf('LiteLLM', 'its virtual environment with all packages that it brings; not Python', LITELLM.home),
];
