import { fileURLToPath } from 'node:url';
import type { Times } from './clients/client.ts';

/** Sends at a rate whatever has been answered: see there. */
export const OPEN_LOOP = fileURLToPath(new URL('./clients/open-loop.ts', import.meta.url));

/** What the open-loop client tells, of the requests that were due in the time that counted. */
export interface OpenLoopTold {
  planned: number;
  /** Sent before that time was over; the others later. */
  sent: number;
  /** With 200 and as many bytes as expected. */
  answered: number;
  /** Of them within a second. */
  inTime: number;
  /** By what has failed them; `unanswered`: no answer ten seconds after the end. */
  failures: Record<string, number>;
  /** From when they were due, of those answered and, as far as it is known, of those unanswered. */
  times: Times;
  /** How late the client sent. */
  lateness: Times;
}

/** Failed requests. */
export const failedOf = ({ failures }: OpenLoopTold): number =>
  Object.values(failures).reduce((total, times) => total + times, 0);
