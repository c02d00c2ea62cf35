import { type Lease, Leases } from '../lib/leases.ts';
import { canonicalDigest } from './pins/canonical.ts';
import type { McpServer } from './server.ts';

/**
 * Servers by what the config says of them: one that a reload leaves as it was goes on, with its sessions, its programs and
 * what is known of it. Sessions live outside generations.
 */
export class KeptServers {
  readonly #closing = new Set<Promise<void>>();
  readonly #leases = new Leases<McpServer>((server) => this.#close(server));

  /** @param identity all that the server is made of, as JSON @param open makes it if nobody holds it yet */
  lease(identity: unknown, open: () => McpServer): Lease<McpServer> {
    return this.#leases.lease(canonicalDigest(identity), open);
  }

  /** Resolves when all that nobody holds any more is closed. @throws what could not be closed */
  async settled(): Promise<void> {
    await Promise.all(this.#closing);
  }

  #close(server: McpServer): void {
    const closed = server.dispose().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
    // Whoever asks whether all is settled hears of it.
    closed.catch(() => undefined);
  }
}
