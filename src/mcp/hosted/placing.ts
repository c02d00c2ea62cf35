import type { Result } from '@modelcontextprotocol/server';
import { ProtocolError } from '@modelcontextprotocol/server';
import { GatewayError } from '../../errors/gateway-error.ts';
import { admitRequest, subjectOf } from '../access/admit.ts';
import type { Params } from '../inbound.ts';
import type { HostCaller, McpServer } from '../server.ts';
import { Catalog, type Place, type WithClient } from './catalog.ts';
import type { HostOptions } from './host-options.ts';
import { isList, type ListMethod } from './lists.ts';

/** To which server a request goes, with names as the server has them. */
export interface Placed {
  readonly server: McpServer;
  readonly params: Params;
}

/** Resources that one client may name at once. */
const MOST_WATCHED = 100;

/** In whose lists a name stands. */
const LIST_OF = { tools: 'tools/list', prompts: 'prompts/list', resources: 'resources/list' } as const;

/** Which server of a host a request is for, and whether it may go there where that was not known before. */
export class Placing {
  readonly #servers: readonly McpServer[];
  /** Absent: there is but one server, and names are its own. */
  readonly #catalog: Catalog | undefined;

  constructor({ name, servers, ports }: HostOptions) {
    this.#servers = servers;
    this.#catalog = name === '' ? new Catalog(servers, ports) : undefined;
  }

  /**
   * To which server a request goes, and under which name there; or its result, where it is about all of them.
   * @throws GatewayError
   */
  async place(
    method: string,
    params: Params,
    caller: HostCaller,
    withClient: WithClient,
  ): Promise<Placed | { result: Result }> {
    const { principal, asker, continues } = caller;
    const [only] = this.#servers;
    if (!this.#catalog) return { server: only as McpServer, params };
    if (isList(method)) {
      const { entries, at, kind, places } = await this.#catalog.list(method, caller, withClient);
      const shown = entries.filter((_, index) => {
        const place = places[index];
        return place?.server.access.allows(asker, kind, place.name);
      });
      return { result: { [at]: shown } };
    }
    const subject = subjectOf(method, params);
    if (!subject) throw new ProtocolError(-32_601, 'Method not found');
    const place = await this.#find(LIST_OF[subject.kind], subject.name, caller, withClient);
    if (!place) throw new GatewayError('mcp_not_allowed');
    const { server } = place;
    const owned: Params = { ...params, ...renamed(method, params, place.name) };
    await admitRequest({ server, exchange: asker, principal, method, params: owned, continues });
    return { server, params: owned };
  }

  /**
   * What somebody who listens is to hear of: all servers, and of each the resources that were named and are theirs to read.
   * @throws GatewayError `mcp_not_allowed`
   */
  async watched(
    named: unknown,
    caller: HostCaller,
    withClient: WithClient,
  ): Promise<ReadonlyMap<McpServer, readonly string[]>> {
    const wanted = new Map<McpServer, string[]>();
    for (const server of this.#servers) if (server.access.knows(caller.asker)) wanted.set(server, []);
    const uris = Array.isArray(named) ? named.slice(0, MOST_WATCHED) : [];
    for (const uri of uris) {
      const place = this.#catalog
        ? await this.#find('resources/list', String(uri), caller, withClient)
        : { server: this.#servers[0] as McpServer };
      if (!place?.server.access.allows(caller.asker, 'resources', String(uri)))
        throw new GatewayError('mcp_not_allowed');
      wanted.get(place.server)?.push(String(uri));
    }
    return wanted;
  }

  /** Of all servers together each keeps to its own size and schemas: what goes out is only held to the largest. @throws GatewayError */
  fitting(
    result: Result,
    method: string,
    { server, params }: Placed,
    { asker: { mcp } }: HostCaller,
  ): Result {
    if (!this.#catalog) return result;
    if (Buffer.byteLength(JSON.stringify(result)) > server.config.results.maxSize)
      throw new GatewayError('mcp_result_too_large');
    if (mcp && method === 'tools/call')
      mcp.breach ||= server.tools.breachOf(String(params.name), result) ?? '';
    return result;
  }

  async #find(
    method: ListMethod,
    name: string,
    caller: HostCaller,
    withClient: WithClient,
  ): Promise<Place | undefined> {
    const catalog = this.#catalog as Catalog;
    const found = await catalog.find(method, name, caller, withClient);
    if (found || method !== 'resources/list') return found;
    return catalog.findByTemplate(name, caller, withClient);
  }
}

function renamed(method: string, params: Params, name: string): Params {
  if (method === 'completion/complete') {
    const ref = params.ref as { type?: unknown };
    return ref.type === 'ref/prompt' ? { ref: { ...ref, name } } : {};
  }
  return method.startsWith('resources/') ? {} : { name };
}
