import type { McpConfig, McpServerConfig } from '../config/schema/index.ts';
import { Upstream } from '../upstream/upstream.ts';
import { Access } from './access/access.ts';
import { ToolLimits } from './access/tool-limits.ts';
import type { McpPorts } from './ports.ts';

/** A server of the config, as a generation uses it. */
export interface McpServer {
  readonly name: string;
  readonly config: McpServerConfig;
  readonly access: Access;
  readonly limits: ToolLimits;
  /** Its connections and its breaker; absent where it is a program. */
  readonly upstream: Upstream | undefined;
  /** Path of its endpoint below its origin. */
  readonly path: string;
  dispose(): void;
}

export function openServer(name: string, config: McpServerConfig, ports: McpPorts): McpServer {
  const { url, timeouts, tls, breaker } = config;
  const upstream =
    url === undefined
      ? undefined
      : new Upstream(
          {
            name,
            identity: `mcp ${name}`,
            targets: [{ url: new URL(url).origin, weight: 1 }],
            host: 'target',
            timeouts,
            ...(tls && { tls }),
            ...(breaker && { breaker }),
          },
          ports.fleet,
        );
  const limits = new ToolLimits(name, config.tools, ports.counters, (error) =>
    ports.log.warn({ err: error, server: name }, 'a limit of a tool could not be asked: the call goes on'),
  );
  return {
    name,
    config,
    access: new Access(config.allow),
    limits,
    upstream,
    path: url === undefined ? '' : new URL(url).pathname,
    dispose: () => upstream?.dispose(),
  };
}

/** The servers of a config by name, in the order of their names: what is made of all of them has one order. */
export function openServers(config: McpConfig, ports: McpPorts): ReadonlyMap<string, McpServer> {
  const names = Object.keys(config.servers).sort();
  return new Map(
    names.map((name) => [name, openServer(name, config.servers[name] as McpServerConfig, ports)]),
  );
}
