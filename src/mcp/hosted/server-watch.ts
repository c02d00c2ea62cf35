import type { ServerEvent } from '@modelcontextprotocol/server';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { McpServer } from '../server.ts';
import { Link } from './link.ts';

/** Resources of a server that are watched, of all clients together. */
const MOST_RESOURCES = 1000;
const GATEWAY = { name: 'hypercare-gateway', version: '1.0.0' };
const LISTS = {
  'notifications/tools/list_changed': 'tools_list_changed',
  'notifications/prompts/list_changed': 'prompts_list_changed',
  'notifications/resources/list_changed': 'resources_list_changed',
} as const;

interface Watched {
  count: number;
  /** Begun once; what ends it. */
  readonly begun: Promise<() => Promise<unknown>>;
}

/**
 * Hears on one connection what changes at a server, for all clients that listen: it asks with the gateway's own
 * credentials, so that there is nothing in it which is one client's.
 */
export class ServerWatch {
  readonly #link: Link;
  readonly #resources = new Map<string, Watched>();

  private constructor(link: Link) {
    this.#link = link;
  }

  /** @param onGone called when the server has ended the connection @throws GatewayError */
  static async open(
    server: McpServer,
    tell: (event: ServerEvent) => void,
    onGone: () => void,
  ): Promise<ServerWatch> {
    const link = await Link.open(server, { principal: '', capabilities: {}, info: GATEWAY, asks: false });
    link.listener = {
      onRequest: () => Promise.reject(new Error('nobody can be asked')),
      onNotification({ method, params }) {
        if (method === 'notifications/resources/updated') {
          const { uri } = (params ?? {}) as { uri?: unknown };
          if (typeof uri === 'string') tell({ kind: 'resource_updated', uri });
        } else if (Object.hasOwn(LISTS, method)) tell({ kind: LISTS[method as keyof typeof LISTS] });
      },
    };
    const { onclose } = link.client;
    link.client.onclose = () => {
      onclose?.();
      onGone();
    };
    const watch = new ServerWatch(link);
    if (!link.isModern) return watch;
    await listenToLists(link, onGone);
    return watch;
  }

  /** Watches resources until what it gives is called. @throws GatewayError; what the server refuses */
  async add(uris: readonly string[]): Promise<() => void> {
    const added: string[] = [];
    const drop = (): void => {
      for (const uri of added.splice(0)) this.#drop(uri);
    };
    try {
      for (const uri of new Set(uris)) {
        const watched = this.#resources.get(uri) ?? this.#begin(uri);
        watched.count++;
        added.push(uri);
        await watched.begun;
      }
    } catch (error) {
      drop();
      throw error;
    }
    return drop;
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #begin(uri: string): Watched {
    if (this.#resources.size >= MOST_RESOURCES)
      throw new GatewayError('overloaded', { headers: { 'retry-after': '5' } });
    const link = this.#link;
    const { client, isModern } = link;
    const begin = async (): Promise<() => Promise<unknown>> => {
      if (isModern) {
        const subscription = await client.listen({ resourceSubscriptions: [uri] });
        return () => subscription.close();
      }
      await link.during(() => client.subscribeResource({ uri }));
      return () => client.unsubscribeResource({ uri });
    };
    const watched = { count: 0, begun: begin() };
    this.#resources.set(uri, watched);
    return watched;
  }

  #drop(uri: string): void {
    const watched = this.#resources.get(uri);
    if (!watched || --watched.count > 0) return;
    this.#resources.delete(uri);
    // A server that is gone, or refused it, has nothing to end.
    watched.begun.then((end) => end()).catch(() => undefined);
  }
}

/**
 * Has a server of 2026-07-28 say when its lists change, where it can.
 * @param onEnd called when it ends that: whoever listens has to begin anew, as at the server itself
 */
export async function listenToLists({ client }: Link, onEnd: () => void): Promise<void> {
  const { tools, prompts, resources } = client.getServerCapabilities() ?? {};
  const lists = {
    ...(tools?.listChanged && { toolsListChanged: true }),
    ...(prompts?.listChanged && { promptsListChanged: true }),
    ...(resources?.listChanged && { resourcesListChanged: true }),
  };
  if (Object.keys(lists).length === 0) return;
  const { closed } = await client.listen(lists);
  void closed.then(onEnd);
}
