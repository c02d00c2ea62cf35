import type { Logger } from '../telemetry/logger.ts';
import type { Pools } from '../upstream/pools.ts';
import type { TokenCounter } from './tokens/counter.ts';

/** What the AI room uses of the process. */
export interface AiPorts {
  pools: Pools;
  tokens: TokenCounter;
  log: Logger;
  clock: { monotonic(): number };
}
