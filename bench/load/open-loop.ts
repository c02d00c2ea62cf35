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

/** Share of what was due that has to be sent in time: of less, the client has not kept its rate. */
const SENT_IN_TIME = 0.99;

/** Whether the client has not sent what it should: what is told is its own then. */
export const isBehind = ({ sent, planned }: OpenLoopTold): boolean => sent < SENT_IN_TIME * planned;

/** Failed requests. */
export const failedOf = ({ failures }: OpenLoopTold): number =>
  Object.values(failures).reduce((total, times) => total + times, 0);

/** Those of them that failed otherwise than by the time they took, on which the smoke run never fails. */
export const brokenOf = (told: OpenLoopTold): number => failedOf(told) - (told.failures.unanswered ?? 0);
