import type { Client } from '@modelcontextprotocol/client';
import { type Tool, UriTemplate } from '@modelcontextprotocol/server';
import { LRUCache } from 'lru-cache';
import type { Kind } from '../access/access.ts';
import { canonicalDigest } from '../pins/canonical.ts';
import type { McpPorts } from '../ports.ts';
import type { HostCaller, McpServer } from '../server.ts';
import { SlowServers } from './slow-servers.ts';

const FRESH = { cacheMode: 'bypass' } as const;
type ReadOptions = typeof FRESH & { readonly timeout: number };

/** Lists of one connection, all pages of each. */
const LISTS = {
  'tools/list': {
    kind: 'tools',
    at: 'tools',
    by: 'name',
    read: (client: Client, options: ReadOptions) => client.listTools(undefined, options),
  },
  'prompts/list': {
    kind: 'prompts',
    at: 'prompts',
    by: 'name',
    read: (client: Client, options: ReadOptions) => client.listPrompts(undefined, options),
  },
  'resources/list': {
    kind: 'resources',
    at: 'resources',
    by: 'uri',
    read: (client: Client, options: ReadOptions) => client.listResources(undefined, options),
  },
  'resources/templates/list': {
    kind: 'resources',
    at: 'resourceTemplates',
    by: 'uriTemplate',
    read: (client: Client, options: ReadOptions) => client.listResourceTemplates(undefined, options),
  },
} as const satisfies Record<
  string,
  { kind: Kind; at: string; by: string; read(client: Client, options: ReadOptions): Promise<object> }
>;
export type ListMethod = keyof typeof LISTS;
export const isList = (method: string): method is ListMethod => Object.hasOwn(LISTS, method);

/** Tables of principals, and how long one is gone by without a look whether it still holds. */
const MOST_TABLES = 1000;
const KEPT_MS = 60_000;
const LISTED_MS = 1000;
/** Of the digest behind a name. */
const DIGITS = 8;

export interface Place {
  readonly server: McpServer;
  /** As the server has it. */
  readonly name: string;
}

/** Lends a connection to a server for one piece of work. */
export type WithClient = <T>(server: McpServer, work: (client: Client) => Promise<T>) => Promise<T>;
type Entry = Record<string, unknown>;

/**
 * What several servers have together: tools and prompts are called `server__name`, resources by their own URIs. Which is
 * whose stands in a table that is made of the lists, never in the name: both parts may hold the separator. A table is
 * one principal's alone.
 */
export class Catalog {
  readonly #servers: readonly McpServer[];
  readonly #ports: Pick<McpPorts, 'log' | 'clock'>;
  readonly #tables = new LRUCache<string, ReadonlyMap<string, Place>>({ max: MOST_TABLES, ttl: KEPT_MS });

  /** Lists that have just been made: what is not in one is not there. */
  readonly #listed = new LRUCache<string, true>({ max: MOST_TABLES, ttl: LISTED_MS });
  readonly #slow: SlowServers;

  /** @param servers in the order in which lists have them */
  constructor(servers: readonly McpServer[], ports: Pick<McpPorts, 'log' | 'clock'>) {
    this.#servers = servers;
    this.#ports = ports;
    this.#slow = new SlowServers(ports.clock.monotonic);
  }

  /** A list of all servers, in their order; a server that does not answer has none of it. */
  async list(
    method: ListMethod,
    { principal, asker }: HostCaller,
    withClient: WithClient,
  ): Promise<{ entries: Entry[]; at: string; kind: Kind; places: Place[] }> {
    const { at, by, kind } = LISTS[method];
    // Who may use nothing of a server has no reason to make it work.
    const servers = this.#servers.filter(({ access }) => access.knows(asker));
    const parts = await Promise.all(servers.map((server) => this.#ofServer(server, method, withClient)));
    const table = new Map<string, Place>();
    const entries: Entry[] = [];
    const places: Place[] = [];
    for (const [index, server] of servers.entries()) {
      for (const entry of parts[index] ?? []) {
        const name = String(entry[by] ?? '');
        const shown = kind === 'resources' ? name : this.#shown(server, name);
        // Two servers that have the same resource: the first one's is there.
        if (table.has(shown)) continue;
        table.set(shown, { server, name });
        entries.push(kind === 'resources' ? entry : { ...entry, name: shown });
        places.push({ server, name });
      }
    }
    this.#tables.set(`${method} ${principal}`, table);
    this.#listed.set(`${method} ${principal}`, true);
    return { entries, at, kind, places };
  }

  /** Whose a name is; undefined: nobody has it. */
  async find(
    method: ListMethod,
    name: string,
    caller: HostCaller,
    withClient: WithClient,
  ): Promise<Place | undefined> {
    const { principal } = caller;
    const known = this.#tables.get(`${method} ${principal}`)?.get(name);
    // Names that nobody has must not make all servers list all they have, each.
    if (known || this.#listed.has(`${method} ${principal}`)) return known;
    await this.list(method, caller, withClient);
    return this.#tables.get(`${method} ${principal}`)?.get(name);
  }

  /** Whose a resource is that stands in no list, but fits a template; by the template or by a URI that it makes. */
  async findByTemplate(uri: string, caller: HostCaller, withClient: WithClient): Promise<Place | undefined> {
    const key = `resources/templates/list ${caller.principal}`;
    if (!this.#tables.has(key)) await this.list('resources/templates/list', caller, withClient);
    for (const [template, { server }] of this.#tables.get(key) ?? [])
      if (template === uri || new UriTemplate(template).match(uri) !== null) return { server, name: uri };
    return undefined;
  }

  /**
   * A name as clients see it. One that could be another server's too has a digest behind it, always: whose a name is must not
   * hang on who answers just now, else a call would go to a tool that its client has never seen.
   */
  #shown(server: McpServer, name: string): string {
    const shown = `${server.name}__${name}`;
    const isAmbiguous = this.#servers.some(
      (other) => other !== server && shown.startsWith(`${other.name}__`),
    );
    return isAmbiguous ? `${shown}_${canonicalDigest([server.name, name]).slice(0, DIGITS)}` : shown;
  }

  async #ofServer(server: McpServer, method: ListMethod, withClient: WithClient): Promise<Entry[]> {
    const { at, read: readList } = LISTS[method];
    if (this.#slow.has(server)) return [];
    try {
      const read = () =>
        withClient(server, async (client) => {
          const capability = method.slice(0, method.indexOf('/')) as 'tools' | 'prompts' | 'resources';
          if (client.getServerCapabilities()?.[capability] === undefined) return [];
          const options = { ...FRESH, timeout: server.config.timeouts.response };
          const entries = ((await readList(client, options)) as Record<string, Entry[]>)[at] ?? [];
          return method === 'tools/list'
            ? await this.#unchanged(server, entries as unknown as Tool[])
            : entries;
        });
      return await this.#slow.watch(server, read);
    } catch (error) {
      this.#ports.log.warn(
        { err: error, server: server.name },
        'an MCP server is missing in a list: it does not answer',
      );
      return [];
    }
  }

  async #unchanged(server: McpServer, tools: Tool[]): Promise<Entry[]> {
    const changed = await server.tools.check(tools, true);
    return tools.filter(({ name }) => !changed.has(name)) as unknown as Entry[];
  }
}
