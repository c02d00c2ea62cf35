import { setTimeout as sleep } from 'node:timers/promises';

/** What is asked to end is ended after so long. */
const GRACE_MS = 500;
const LOOK_MS = 20;

/**
 * Asks all that runs in a process group to end, and ends what has not done so after half a second. Resolves when that is done,
 * or nobody is there any more.
 * @param group its leader's process id: once, as the number may be another's later
 */
export async function endGroup(group: number): Promise<void> {
  if (!signal(group, 'SIGTERM')) return;
  for (let waitedMs = 0; waitedMs < GRACE_MS; waitedMs += LOOK_MS) {
    await sleep(LOOK_MS);
    if (!signal(group, 0)) return;
  }
  signal(group, 'SIGKILL');
}

/** Whether there is anybody in the group. */
function signal(group: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, name);
  } catch {
    return false;
  }
}
