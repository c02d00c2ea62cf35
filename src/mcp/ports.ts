import type { OnStateChange } from '../contracts/state-change.ts';
import type { Counters, Documents, EventLogs } from '../contracts/store.ts';
import type { Share } from '../lib/share.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Fleet } from '../upstream/fleet.ts';
import type { KeptServers } from './kept-servers.ts';
import type { Pins } from './pins/pins.ts';
import type { Replica } from './replicas/replica.ts';
import type { ReplicaPorts } from './replicas/replica-ports.ts';
import type { SessionStore } from './sessions/session-store.ts';
import type { StateSeal } from './state-seal.ts';

/** What the MCP room uses of the process. What of it is its own lives as long as the process. */
export interface McpPorts {
  fleet: Fleet;
  counters: Counters;
  documents: Documents;
  logs: EventLogs;
  log: Logger;
  kept: KeptServers;
  pins: Pins;
  replica: Replica;
  /** What other replicas are reached by. */
  replicas: ReplicaPorts;
  sessions: SessionStore;
  seal: StateSeal;
  onChange: OnStateChange;
  /** Which of the processes that carry the same traffic this is. */
  share: Share;
  clock: { wall(): number; monotonic(): number };
}
