import type { Tool } from '@modelcontextprotocol/server';
import type { McpConfig, McpServerConfig } from '../config/schema/index.ts';
import { MCP_REVISIONS, type McpRevision } from '../config/schema/mcp.ts';
import { Upstream } from '../upstream/upstream.ts';
import { Access } from './access/access.ts';
import { ToolLimits } from './access/tool-limits.ts';
import { Host } from './hosted/host.ts';
import { listTools } from './hosted/list-tools.ts';
import { Programs } from './hosted/programs.ts';
import { ToolWatch } from './pins/tool-watch.ts';
import type { McpPorts } from './ports.ts';
import type { McpServer } from './server.ts';

function openServer(name: string, config: McpServerConfig, sessionTtlMs: number, ports: McpPorts): McpServer {
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
  const spoken: readonly McpRevision[] = url === undefined ? [] : (config.revisions ?? MCP_REVISIONS);
  let host: Host | undefined;
  let leave: (() => Promise<void>) | undefined;
  const programs = new Programs(name, config, ports);
  const { pins, log, clock } = ports;
  const list = (): Promise<Tool[]> => listTools(server);
  const isRunning = (): boolean => url !== undefined || programs.running > 0;
  const tools = new ToolWatch({ name, config, pins, log, clock, list, isRunning });
  const server: McpServer = {
    name,
    config,
    access: new Access(config.allow),
    limits,
    tools,
    upstream,
    path: url === undefined ? '' : new URL(url).pathname,
    programs,
    hosted: new Set(MCP_REVISIONS.filter((revision) => !spoken.includes(revision))),
    host: () => {
      if (!host) {
        const made = new Host({ name, servers: [server], ports, sessionTtlMs });
        host = made;
        leave = ports.replica.enter(name, () => made);
      }
      return host;
    },
    async dispose() {
      tools.close();
      await leave?.();
      await host?.close();
      upstream?.dispose();
    },
  };
  return server;
}

/** Each server looks at its own. */
const NO_TOOLS: McpServer['tools'] = {
  check: async () => new Set(),
  isOutOfUse: async () => false,
  breachOf: () => undefined,
  isNoObject: () => false,
  routedBy: () => undefined,
  look: async () => undefined,
  onListChanged: () => undefined,
};

/** All servers as one: its names are made by the host, which decides over each by the rules of its server. */
function openAggregate(servers: readonly McpServer[], sessionTtlMs: number, ports: McpPorts): McpServer {
  const [first] = servers.map(({ config }) => config);
  const maxSize = Math.max(...servers.map(({ config }) => config.results.maxSize));
  const config: McpServerConfig = {
    ...(first as McpServerConfig),
    pin: 'off',
    onSessionLost: 'reinitialize',
    allow: [],
    tools: {},
    results: { maxSize },
  };
  const host = new Host({ name: '', servers, ports, sessionTtlMs });
  const leave = ports.replica.enter('', () => host);
  return {
    name: '',
    config,
    access: {
      isOpen: { tools: false, prompts: false, resources: false },
      knows: (asker) => servers.some(({ access }) => access.knows(asker)),
      allows: () => true,
      allowsAll: () => false,
    },
    limits: new ToolLimits('', {}, ports.counters, () => undefined),
    tools: NO_TOOLS,
    upstream: undefined,
    path: '',
    programs: new Programs('', config, ports),
    hosted: new Set(MCP_REVISIONS),
    host: () => host,
    async dispose() {
      await leave();
      await host.close();
    },
  };
}

export interface OpenServers {
  /** By name, in the order of their names: what is made of all of them has one order. */
  readonly byName: ReadonlyMap<string, McpServer>;
  /** All of them as one. */
  readonly all: McpServer;
  /** Lets go of them: those that no other generation has are closed. */
  close(): Promise<void>;
}

/** The servers of a config. One that another generation has as it is here is the same. */
export function openServers(config: McpConfig, ports: McpPorts): OpenServers {
  const { kept } = ports;
  const { ttl } = config.session;
  const names = Object.keys(config.servers).sort();
  const identities = names.map((name) => [name, config.servers[name], ttl]);
  const leases = names.map((name, at) =>
    kept.lease(identities[at], () => openServer(name, config.servers[name] as McpServerConfig, ttl, ports)),
  );
  const servers = leases.map(({ value }) => value);
  const all = kept.lease(['', ...identities], () => openAggregate(servers, ttl, ports));
  return {
    byName: new Map(servers.map((server) => [server.name, server])),
    all: all.value,
    async close() {
      for (const { release } of [all, ...leases]) release();
      await kept.settled();
    },
  };
}
