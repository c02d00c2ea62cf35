import type { Ticks } from '../../contracts/engine.ts';
import type { EventLogs } from '../../contracts/store.ts';
import type { RecentRequests } from '../../record/signals/recent-requests.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { EngineMeters } from './engine-meters.ts';

/** What the engine has of its process. */
export interface EnginePorts {
  readonly log: Logger;
  readonly meters: EngineMeters;
  readonly recent: Pick<RecentRequests, 'find'>;
  /** Of the store that replicas share; absent: there are none. */
  readonly logs?: EventLogs | undefined;
  /** Told now and then what the engine has learnt, so that the next process may go on with it. */
  onMemory?(memory: string): void;
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  readonly ticks: Ticks;
  /** Hands over the signals that wait for others. */
  flush(): void;
  /** A buffer is free again; null: whoever had this process's buffers has ended, and they with it. */
  giveBack(buffer: ArrayBuffer | null): void;
}
