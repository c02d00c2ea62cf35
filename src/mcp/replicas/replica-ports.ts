import type { Documents, EventLogs } from '../../contracts/store.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** What a replica reaches others by. */
export interface ReplicaPorts {
  readonly documents: Documents;
  readonly logs: EventLogs;
  readonly log: Logger;
  readonly clock: { monotonic(): number };
}
