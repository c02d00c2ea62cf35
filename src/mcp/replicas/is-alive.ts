import { setTimeout as sleep } from 'node:timers/promises';
import type { ReplicaPorts } from './replica-ports.ts';
import { ALIVE, BEAT_MS } from './wire.ts';

const LOOK_MS = 50;

/**
 * Whether a replica takes requests. A store that has just come back may have forgotten who lives: all say it again within
 * two beats.
 * @throws StoreUnavailable
 */
export async function isAlive(
  replica: string,
  { documents, patience }: Pick<ReplicaPorts, 'documents' | 'patience'>,
): Promise<boolean> {
  for (;;) {
    if ((await documents.get(ALIVE, replica)) !== undefined) return true;
    if (!patience.isBackSince(2 * BEAT_MS)) return false;
    await sleep(LOOK_MS);
  }
}
