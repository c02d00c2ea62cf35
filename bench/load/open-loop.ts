import { fileURLToPath } from 'node:url';
import type { Times } from './clients/client.ts';

/** Sends at a rate whatever has been answered: see there. */
export const OPEN_LOOP = fileURLToPath(new URL('./clients/open-loop.ts', import.meta.url));

/** What the open-loop client tells. */
export interface OpenLoopTold {
  answered: number;
  failures: Record<string, number>;
  times: Times;
  /** How late the client sent, against its own plan. */
  lateness: Times;
}

/** Failed requests. */
export const failedOf = ({ failures }: OpenLoopTold): number =>
  Object.values(failures).reduce((total, times) => total + times, 0);
