import { KeptServers } from './kept-servers.ts';
import { Pins } from './pins/pins.ts';
import type { McpPorts } from './ports.ts';
import { Replica } from './replicas/replica.ts';
import { SessionStore } from './sessions/session-store.ts';
import { SharedKey } from './shared-key.ts';
import { StateSeal } from './state-seal.ts';

/** What of the MCP room lives as long as the process. */
export function openMcp(ports: Omit<McpPorts, 'kept' | 'pins' | 'replica' | 'sessions' | 'seal'>): McpPorts {
  const { documents, clock } = ports;
  return {
    ...ports,
    kept: new KeptServers(),
    pins: new Pins(ports),
    replica: new Replica(ports),
    sessions: new SessionStore(documents, clock.wall),
    seal: new StateSeal(new SharedKey(documents), clock.wall),
  };
}
