import type { ClientCapabilities, Implementation } from '@modelcontextprotocol/client';
import { canonicalJson } from '../pins/canonical.ts';
import type { McpServer } from '../server.ts';
import { Link } from './link.ts';

/** Connections that wait for their next call, of one server. */
const MOST_IDLE = 32;

export interface LinkFor {
  readonly principal: string;
  readonly capabilities: ClientCapabilities;
  readonly info: Implementation;
}

/**
 * Connections for clients of 2026-07-28, who have no sessions: each serves one call at a time, so that what its server
 * says meanwhile belongs to that call. They are kept for the same principal with the same capabilities.
 */
export class LinkPool {
  readonly #idle = new Map<string, { link: Link; timer: NodeJS.Timeout }[]>();
  #count = 0;
  #isClosed = false;

  /** @throws GatewayError */
  async take(server: McpServer, wanted: LinkFor): Promise<Link> {
    const key = keyOf(server, wanted);
    const waiting = this.#idle.get(key) ?? [];
    for (let found = waiting.pop(); found; found = waiting.pop()) {
      clearTimeout(found.timer);
      this.#count--;
      if (waiting.length === 0) this.#idle.delete(key);
      if (found.link.isOpen) return found.link;
    }
    return Link.open(server, { ...wanted, asks: false });
  }

  /** Gives it back: for the next call, or closed if there are enough. */
  give(link: Link, wanted: LinkFor): void {
    link.listener = undefined;
    if (!link.isOpen) return;
    if (this.#isClosed || this.#count >= MOST_IDLE) {
      void link.close();
      return;
    }
    const key = keyOf(link.server, wanted);
    const waiting = this.#idle.get(key) ?? [];
    this.#idle.set(key, waiting);
    const entry = {
      link,
      timer: setTimeout(() => this.#drop(key, entry.link), link.server.config.process.idle).unref(),
    };
    waiting.push(entry);
    this.#count++;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#idle.values()].flat();
    this.#idle.clear();
    for (const { timer } of all) clearTimeout(timer);
    await Promise.all(all.map(({ link }) => link.close()));
  }

  #drop(key: string, link: Link): void {
    const rest = this.#idle.get(key)?.filter((each) => each.link !== link) ?? [];
    if (rest.length > 0) this.#idle.set(key, rest);
    else this.#idle.delete(key);
    this.#count--;
    void link.close();
  }
}

const keyOf = ({ name }: McpServer, { principal, capabilities }: LinkFor): string =>
  canonicalJson([name, principal, capabilities]);
