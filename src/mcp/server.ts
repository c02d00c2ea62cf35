import type { McpServerConfig } from '../config/schema/index.ts';
import type { McpRevision } from '../config/schema/mcp.ts';
import type { Exchange } from '../contracts/exchange.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Access, Asker } from './access/access.ts';
import type { ToolLimits } from './access/tool-limits.ts';
import type { Programs } from './hosted/programs.ts';
import type { ToolWatch } from './pins/tool-watch.ts';

/** Who calls a host, as it goes with a request to its handlers. */
export interface HostCaller {
  readonly principal: string;
  readonly asker: Asker & Pick<Exchange, 'mcp'>;
  /** Whether this goes on with a call that was counted already. */
  readonly continues: boolean;
}

/** What serves clients in a server's place. */
export interface McpHost {
  /** Answers one request. @param body as JSON; undefined: it has none */
  fetch(request: Request, body: unknown, caller: HostCaller): Promise<Response>;
  /** Whether sessions or calls stand here, which nobody else can serve. */
  readonly isHolding: boolean;
  close(): Promise<void>;
}

/** A server of the config, as a generation uses it. */
export interface McpServer {
  readonly name: string;
  readonly config: McpServerConfig;
  readonly access: Pick<Access, 'isOpen' | 'knows' | 'allows' | 'allowsAll'>;
  readonly limits: ToolLimits;
  /** Looks at its tools. */
  readonly tools: Pick<
    ToolWatch,
    'check' | 'isOutOfUse' | 'breachOf' | 'isNoObject' | 'routedBy' | 'onListChanged' | 'look'
  >;
  /** Its connections and its breaker; absent where it is a program. */
  readonly upstream: Upstream | undefined;
  /** Path of its endpoint below its origin. */
  readonly path: string;
  /** Where it is a program: those that run. */
  readonly programs: Programs;
  /** Revisions of clients that it does not speak itself: they are served by the host. */
  readonly hosted: Set<McpRevision>;
  /** Made when it is first needed. */
  host(): McpHost;
  dispose(): Promise<void>;
}
