import type { McpServer } from '../server.ts';
import type { HostOptions } from './host-options.ts';
import { SlowServers } from './slow-servers.ts';

/** The servers behind a host, asked together. */
export class AllServers {
  readonly #options: HostOptions;
  readonly #slow: SlowServers;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#slow = new SlowServers(options.ports.clock.monotonic);
  }

  /**
   * Something of all servers; of several of those that answer. One that has just not is left out for a while.
   * @throws what the only one fails with, or the first if all do
   */
  async each<T>(open: (server: McpServer) => Promise<T>): Promise<T[]> {
    const { servers, ports } = this.#options;
    const opened = await Promise.allSettled(
      this.#slow.without(servers).map((server) => this.watch(server, () => open(server))),
    );
    const links = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const failed = opened.find((each) => each.status === 'rejected');
    if (links.length === 0 && failed) throw failed.reason;
    if (failed) ports.log.warn({ err: failed.reason }, 'an MCP server is left out: it does not answer');
    return links;
  }

  /** Does something with one of them, and notes if that fails slowly. */
  watch<T>(server: McpServer, work: () => Promise<T>): Promise<T> {
    return this.#slow.watch(server, work);
  }
}
