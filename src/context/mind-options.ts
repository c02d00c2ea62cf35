import type { GatewayConfig } from '../config/schema/index.ts';
import type { ContextSignal } from '../contracts/engine.ts';
import type { Sessions } from '../contracts/session.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { MindMeters } from './measures/meters.ts';
import type { OperationLog } from './operation-log.ts';
import type { ContextPrivacy } from './ports.ts';

/** What the mind uses of the process. */
export interface MindOptions {
  /** In force now. */
  settings(): GatewayConfig['context'];
  sessions: Pick<Sessions, 'lease' | 'unlease' | 'summarize'>;
  privacy: ContextPrivacy;
  operations: OperationLog;
  meters: MindMeters;
  /** Hears of turns that say that something was forgotten; absent: nobody does. */
  tell?(signal: ContextSignal): void;
  log: Logger;
  clock: { wall(): number; monotonic(): number };
}
