import { KeptServers } from './kept-servers.ts';
import { Patience, PatientDocuments, PatientLogs } from './patience.ts';
import { Pins } from './pins/pins.ts';
import type { McpPorts } from './ports.ts';
import { Replica } from './replicas/replica.ts';
import { SessionStore } from './sessions/session-store.ts';
import { SharedKey } from './shared-key.ts';
import { StateSeal } from './state-seal.ts';

/** What of the MCP room lives as long as the process. */
export function openMcp(
  ports: Omit<McpPorts, 'kept' | 'pins' | 'replica' | 'replicas' | 'sessions' | 'seal'>,
): McpPorts {
  const { documents, logs, log, clock } = ports;
  const patience = new Patience(clock);
  const patient = new PatientDocuments(documents, patience);
  const replicas = { documents: patient, logs: new PatientLogs(logs, patience), patience, log, clock };
  return {
    ...ports,
    kept: new KeptServers(),
    pins: new Pins({ ...ports, documents: patient }),
    replica: new Replica(replicas),
    replicas,
    sessions: new SessionStore(documents, patient, clock.wall),
    seal: new StateSeal(new SharedKey(patient), clock.wall),
  };
}
