import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** The subject has a core for itself; what loads it and what answers it share the other. */
export const SUBJECT_CORE = 0;
export const LOAD_CORE = 1;

/** Whether a program is on the path. */
export function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v "${program}"`], { stdio: 'ignore' }).status === 0;
}

/** Why processes are not pinned here; null if they are. */
function findObstacle(): string | null {
  if (availableParallelism() < 2) return 'not pinned: there is one core, and subject and load share it';
  if (!isInstalled('taskset'))
    return 'not pinned: taskset (util-linux) is missing, the kernel moves processes';
  const tried = spawnSync('taskset', ['-c', `${SUBJECT_CORE},${LOAD_CORE}`, 'sh', '-c', ':']);
  return tried.status === 0 ? null : 'not pinned: this process may not use cores 0 and 1';
}

let obstacle: string | null | undefined;

/** Nothing is pinned from now on: where several suites run at once and no figure is worth anything. */
export function leaveUnpinned(): void {
  obstacle = 'not pinned: no figure is wanted';
}

export function pinningObstacle(): string | null {
  if (obstacle === undefined) obstacle = findObstacle();
  return obstacle;
}

/** The command that runs a command on one core, or on several ('0,1'); the process id stays the same, since taskset becomes it. */
export function pinned(core: number | string, command: readonly string[]): string[] {
  return pinningObstacle() === null ? ['taskset', '-c', String(core), ...command] : [...command];
}

/** Does something with this process itself on one core, and lets it go again: where the bench asks, or does what a subject does, itself. */
export async function onCore<T>(core: number, act: () => Promise<T>): Promise<T> {
  if (pinningObstacle() !== null) return act();
  const before = ownCores();
  moveSelf(String(core));
  try {
    return await act();
  } finally {
    moveSelf(before);
  }
}

/** Where this process may run, as taskset lists cores: '0-1'. */
export const ownCores = (): string =>
  /^Cpus_allowed_list:\s+(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';

/** All its threads with it. */
function moveSelf(cores: string): void {
  const args = ['--all-tasks', '--pid', '--cpu-list', cores, String(process.pid)];
  const { status, stderr } = spawnSync('taskset', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`can't move this process to cores ${cores}: ${stderr}`);
}
