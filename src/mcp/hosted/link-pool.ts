import { canonicalJson } from '../pins/canonical.ts';
import type { McpServer } from '../server.ts';
import { Link, type LinkFor } from './link.ts';
import { SessionForgotten } from './session-forgotten.ts';

/** Connections that wait for their next call, of one server. */
const MOST_IDLE = 32;

interface Idle {
  readonly link: Link;
  readonly timer: NodeJS.Timeout;
  /** Ends it: its program is needed for somebody else, or nobody came for it. */
  evict(): Promise<void>;
}

/**
 * Connections for clients of 2026-07-28, who have no sessions: each serves one call at a time, so that what its server
 * says meanwhile belongs to that call. They are kept for the same principal with the same capabilities.
 */
export class LinkPool {
  readonly #idle = new Map<string, Idle[]>();
  #count = 0;
  #isClosed = false;

  /**
   * Does a piece of work on a connection; where its server has forgotten the session, once more on a new one.
   * @throws GatewayError; what the work throws
   */
  async use<T>(server: McpServer, wanted: LinkFor, work: (link: Link) => Promise<T>): Promise<T> {
    try {
      return await this.#lend(await this.#take(server, wanted), wanted, work);
    } catch (error) {
      if (!(error instanceof SessionForgotten)) throw error;
      return this.#lend(await openFor(server, wanted), wanted, work);
    }
  }

  async #lend<T>(link: Link, wanted: LinkFor, work: (link: Link) => Promise<T>): Promise<T> {
    try {
      return await link.during(() => work(link));
    } finally {
      this.#give(link, wanted);
    }
  }

  async #take(server: McpServer, wanted: LinkFor): Promise<Link> {
    const key = keyOf(server, wanted);
    const waiting = this.#idle.get(key) ?? [];
    for (let found = waiting.pop(); found; found = waiting.pop()) {
      clearTimeout(found.timer);
      server.programs.idle.delete(found.evict);
      this.#count--;
      if (waiting.length === 0) this.#idle.delete(key);
      if (found.link.isOpen) return found.link;
    }
    return openFor(server, wanted);
  }

  /** Gives it back: for the next call, or closed if there are enough. */
  #give(link: Link, wanted: LinkFor): void {
    link.listener = undefined;
    if (!link.isOpen) return;
    if (this.#isClosed || this.#count >= MOST_IDLE || link.isSuspect) {
      void link.close();
      return;
    }
    const key = keyOf(link.server, wanted);
    const waiting = this.#idle.get(key) ?? [];
    this.#idle.set(key, waiting);
    const evict = (): Promise<void> => this.#drop(key, entry);
    const timer = setTimeout(evict, link.server.config.process.idle).unref();
    const entry: Idle = { link, timer, evict };
    waiting.push(entry);
    link.server.programs.idle.add(evict);
    this.#count++;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#idle.values()].flat();
    this.#idle.clear();
    for (const { link, timer, evict } of all) {
      clearTimeout(timer);
      link.server.programs.idle.delete(evict);
    }
    await Promise.all(all.map(({ link }) => link.close()));
  }

  #drop(key: string, { link, timer, evict }: Idle): Promise<void> {
    clearTimeout(timer);
    link.server.programs.idle.delete(evict);
    const rest = this.#idle.get(key)?.filter((each) => each.link !== link) ?? [];
    if (rest.length > 0) this.#idle.set(key, rest);
    else this.#idle.delete(key);
    this.#count--;
    return link.close();
  }
}

const openFor = (server: McpServer, wanted: LinkFor): Promise<Link> =>
  Link.open(server, { ...wanted, asks: false });

const keyOf = ({ name }: McpServer, { principal, capabilities }: LinkFor): string =>
  canonicalJson([name, principal, capabilities]);
