import { LRUCache } from 'lru-cache';
import type { McpServer } from '../server.ts';

const MOST = 1000;
/** Who takes longer than this to fail would hold up everybody; who fails at once does not. */
const SLOW_MS = 1000;
const LEFT_OUT_MS = 15_000;

/** Servers that have just taken long to say nothing: for a while nobody who asks all servers waits for them. */
export class SlowServers {
  readonly #slow: LRUCache<McpServer, true>;
  readonly #now: () => number;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
    this.#slow = new LRUCache({ max: MOST, ttl: LEFT_OUT_MS, ttlResolution: 0, perf: { now } });
  }

  has(server: McpServer): boolean {
    return this.#slow.has(server);
  }

  /** Those that are worth asking; all of them, if none is. */
  without(servers: readonly McpServer[]): readonly McpServer[] {
    const rest = servers.filter((server) => !this.#slow.has(server));
    return rest.length > 0 ? rest : servers;
  }

  /** Does something with a server, and notes if that fails slowly. */
  async watch<T>(server: McpServer, work: () => Promise<T>): Promise<T> {
    const began = this.#now();
    try {
      return await work();
    } catch (error) {
      if (this.#now() - began > SLOW_MS) this.#slow.set(server, true);
      throw error;
    }
  }
}
