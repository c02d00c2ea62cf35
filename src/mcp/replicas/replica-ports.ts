import type { Documents, EventLogs } from '../../contracts/store.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** What a replica reaches others by. */
export interface ReplicaPorts {
  /** Both wait for a store that has just gone. */
  readonly documents: Documents;
  readonly logs: EventLogs;
  readonly patience: { isBackSince(ms: number): boolean };
  readonly log: Logger;
  readonly clock: { monotonic(): number };
}
