import { randomUUID } from 'node:crypto';
import type { Documents } from '../../contracts/store.ts';
import { ANSWER_TTL_MS, CLAIMS } from './wire.ts';

/**
 * Claims a request: to do it, or to give it up. Whoever writes first has it, also where the store has kept the answer to the
 * first try to itself.
 * @returns whether it is had
 * @throws StoreUnavailable
 */
export async function claim(documents: Documents, ask: string): Promise<boolean> {
  const mine = randomUUID();
  const put = await documents.put(CLAIMS, ask, mine, { ifVersion: 0, ttlMs: ANSWER_TTL_MS });
  return put.ok || (await documents.get<string>(CLAIMS, ask))?.value === mine;
}
