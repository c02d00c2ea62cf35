import type { Logger } from '../telemetry/logger.ts';
import type { Fleet } from '../upstream/fleet.ts';
import type { TokenCounter } from './tokens/counter.ts';

/** What the AI room uses of the process. */
export interface AiPorts {
  fleet: Fleet;
  tokens: TokenCounter;
  log: Logger;
  clock: { monotonic(): number };
}
