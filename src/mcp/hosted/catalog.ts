import type { Client } from '@modelcontextprotocol/client';
import type { Tool } from '@modelcontextprotocol/server';
import { LRUCache } from 'lru-cache';
import type { Kind } from '../access/access.ts';
import { canonicalDigest } from '../pins/canonical.ts';
import type { McpPorts } from '../ports.ts';
import type { HostCaller, McpServer } from '../server.ts';
import { type Entry, LISTS, type ListMethod, listAll } from './lists.ts';
import { SlowServers } from './slow-servers.ts';
import { fitsTemplate, isTemplate } from './template-match.ts';

/** Tables of principals, and how long one is gone by without a look whether it still holds. */
const MOST_TABLES = 1000;
const KEPT_MS = 60_000;
const LISTED_MS = 1000;
/** Of the digest behind a name. */
const DIGITS = 8;
/** Characters of a server's words in a log line. */
const LONGEST_SAID = 200;

export interface Place {
  readonly server: McpServer;
  /** As the server has it. */
  readonly name: string;
}

/** Lends a connection to a server for one piece of work. */
export type WithClient = <T>(server: McpServer, work: (client: Client) => Promise<T>) => Promise<T>;

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
  /** Pairs of servers of which it was said that they have the same. */
  readonly #shadowed = new LRUCache<string, true>({ max: MOST_TABLES });

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
      const part = parts[index];
      if (part === undefined && kind === 'resources')
        this.#keepNames(table, `${method} ${principal}`, server);
      for (const entry of part ?? []) {
        const name = String(entry[by] ?? '');
        // What somebody may not use takes the place of nothing that they may.
        if (kind === 'resources' && !server.access.allows(asker, kind, name)) continue;
        const shown = kind === 'resources' ? name : this.#shown(server, name);
        const before = table.get(shown);
        if (before) this.#sayShadowed(before, { server, name });
        // Two servers that have the same resource: the first one's is there, by the order of their names.
        if (before) continue;
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
      if (
        (template === uri || fitsTemplate(template, uri)) &&
        server.access.allows(caller.asker, 'resources', uri)
      )
        return { server, name: uri };
    return undefined;
  }

  /** A server that does not answer keeps what it had: its URIs must not become another's for that time. */
  #keepNames(table: Map<string, Place>, key: string, server: McpServer): void {
    for (const [shown, place] of this.#tables.get(key) ?? [])
      if (place.server === server && !table.has(shown)) table.set(shown, place);
  }

  #sayShadowed({ server: first }: Place, { server, name }: Place): void {
    if (first === server) return;
    const pair = `${first.name} ${server.name}`;
    if (this.#shadowed.has(pair)) return;
    this.#shadowed.set(pair, true);
    this.#ports.log.warn(
      { server: server.name, first: first.name, uri: name.slice(0, LONGEST_SAID) },
      'two MCP servers have the same resource: of all servers as one the first one’s is there',
    );
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

  /** What a server has; undefined: it does not answer. */
  async #ofServer(
    server: McpServer,
    method: ListMethod,
    withClient: WithClient,
  ): Promise<Entry[] | undefined> {
    if (this.#slow.has(server)) return undefined;
    try {
      const read = () =>
        withClient(server, async (client) => {
          const capability = method.slice(0, method.indexOf('/')) as 'tools' | 'prompts' | 'resources';
          if (client.getServerCapabilities()?.[capability] === undefined) return [];
          const entries = await listAll(client, method, server.config.timeouts.response);
          if (method === 'tools/list') return this.#unchanged(server, entries as unknown as Tool[]);
          return method === 'resources/templates/list' ? this.#readable(server, entries) : entries;
        });
      return await this.#slow.watch(server, read);
    } catch (error) {
      this.#ports.log.warn(
        { err: error, server: server.name },
        'an MCP server is missing in a list: it does not answer',
      );
      return undefined;
    }
  }

  /** Templates that are some. */
  #readable(server: McpServer, entries: Entry[]): Entry[] {
    const good = entries.filter(({ uriTemplate }) => isTemplate(String(uriTemplate)));
    if (good.length < entries.length)
      this.#ports.log.warn(
        { server: server.name, left_out: entries.length - good.length },
        'resource templates of an MCP server are left out: they are no URI templates, or too large',
      );
    return good;
  }

  async #unchanged(server: McpServer, tools: Tool[]): Promise<Entry[]> {
    const changed = await server.tools.check(tools, true);
    return tools.filter(({ name }) => !changed.has(name)) as unknown as Entry[];
  }
}
