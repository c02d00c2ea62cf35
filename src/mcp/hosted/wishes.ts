import type { Params } from '../inbound.ts';
import type { McpServer } from '../server.ts';
import type { Link } from './link.ts';
import { SessionForgotten } from './session-forgotten.ts';
import { subscribeAs2026 } from './subscribe.ts';

/** Resources of one server; what is beyond is not subscribed to again. */
const MOST = 100;

/** What a session's client wants to hear of its servers: it is said again on a connection that is made anew. */
export class Wishes {
  #level: string | undefined;
  readonly #uris = new Map<string, Set<string>>();

  /** Remembers a subscription that a server has granted, or that it is over. */
  note({ name }: McpServer, method: string, { uri }: Params): void {
    if (typeof uri !== 'string') return;
    if (method === 'resources/unsubscribe') this.#uris.get(name)?.delete(uri);
    if (method !== 'resources/subscribe') return;
    const uris = this.#uris.get(name) ?? new Set();
    this.#uris.set(name, uris);
    if (uris.size < MOST) uris.add(uri);
  }

  /** From now on servers log at that level: those of 2025-11-25 are told, to others it is said with each request. */
  async setLevel(level: string, links: Iterable<Link>): Promise<void> {
    this.#level = level;
    for (const link of links)
      await tellLevel(link, level).catch((error: unknown) => {
        // It is told once there is a new connection.
        if (!(error instanceof SessionForgotten)) throw error;
      });
  }

  /** Says all of it to a server, on a new connection. @throws what it refuses */
  async repeat(link: Link): Promise<void> {
    const { server, client, isModern } = link;
    if (this.#level !== undefined) await tellLevel(link, this.#level);
    for (const uri of this.#uris.get(server.name) ?? [])
      if (isModern) await subscribeAs2026(link, 'resources/subscribe', uri);
      else await link.during(() => client.subscribeResource({ uri }));
  }
}

async function tellLevel(link: Link, level: string): Promise<void> {
  link.logLevel = level;
  const { client, isModern } = link;
  if (isModern || client.getServerCapabilities()?.logging === undefined) return;
  const request = { method: 'logging/setLevel', params: { level } } as never;
  await link.during(() => client.request(request));
}
