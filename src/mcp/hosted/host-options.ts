import type { McpPorts } from '../ports.ts';
import type { McpServer } from '../server.ts';

export interface HostOptions {
  /** As configured; '' for all together. */
  readonly name: string;
  /** Those behind it; one, or all of an aggregate. */
  readonly servers: readonly McpServer[];
  readonly ports: McpPorts;
  readonly sessionTtlMs: number;
}
