import type { ServerEvent } from '@modelcontextprotocol/server';
import type { Logger } from '../../telemetry/logger.ts';
import type { McpServer } from '../server.ts';
import { ServerWatch } from './server-watch.ts';
import { SessionForgotten } from './session-forgotten.ts';

interface Shared {
  readonly watch: Promise<ServerWatch>;
  /** Of those who listen: ends their streams. */
  readonly holders: Set<() => void>;
}

/** What changes at the servers of a host, for clients of 2026-07-28 that listen: one connection a server, while anybody does. */
export class Changes {
  readonly #tell: (event: ServerEvent) => void;
  readonly #shared = new Map<McpServer, Shared>();
  readonly #log: Logger;

  /** @param tell takes what has changed */
  constructor(tell: (event: ServerEvent) => void, log: Logger) {
    this.#tell = tell;
    this.#log = log;
  }

  /**
   * @param wanted servers, and of each the resources
   * @param onGone called when one of them can't be heard any more
   * @returns lets go
   * @throws GatewayError; what a server refuses
   */
  async listen(wanted: ReadonlyMap<McpServer, readonly string[]>, onGone: () => void): Promise<() => void> {
    try {
      return await this.#begin(wanted, onGone);
    } catch (error) {
      if (!(error instanceof SessionForgotten)) throw error;
      return this.#begin(wanted, onGone);
    }
  }

  async #begin(wanted: ReadonlyMap<McpServer, readonly string[]>, onGone: () => void): Promise<() => void> {
    // Who does not listen yet hears of it by failing.
    let isListening = false;
    let isGone = false;
    const end = (): void => {
      isGone = true;
      if (isListening) onGone();
    };
    const gives: (() => void)[] = [];
    const giveAll = (): void => {
      for (const give of gives.splice(0)) give();
    };
    try {
      for (const [server, uris] of wanted) {
        const shared = this.#shared.get(server) ?? this.#open(server);
        shared.holders.add(end);
        gives.push(() => this.#leave(server, shared, end));
        const added = shared.watch.then((watch) => watch.add(uris));
        const missed = (error: unknown): void =>
          this.#log.warn({ err: error, server: server.name }, 'changes at an MCP server can’t be heard');
        if (uris.length > 0 || (server.upstream && wanted.size === 1)) gives.unshift(await added);
        // Of several servers those that answer are heard.
        else if (server.upstream) await added.catch(missed);
        // A program takes its time to start, and has no news of lists before that.
        else added.catch(missed);
      }
      isListening = true;
      if (isGone) onGone();
      return giveAll;
    } catch (error) {
      giveAll();
      throw error;
    }
  }

  async close(): Promise<void> {
    const all = [...this.#shared.values()];
    this.#shared.clear();
    await Promise.allSettled(all.map(async ({ watch }) => (await watch).close()));
  }

  #open(server: McpServer): Shared {
    const holders = new Set<() => void>();
    const gone = (): void => {
      if (this.#shared.get(server) !== shared) return;
      this.#shared.delete(server);
      for (const end of holders) end();
    };
    const shared: Shared = { watch: ServerWatch.open(server, this.#tell, gone), holders };
    this.#shared.set(server, shared);
    shared.watch.catch(() => this.#shared.get(server) === shared && this.#shared.delete(server));
    return shared;
  }

  #leave(server: McpServer, shared: Shared, holder: () => void): void {
    shared.holders.delete(holder);
    if (shared.holders.size > 0) return;
    if (this.#shared.get(server) === shared) this.#shared.delete(server);
    // One that could not be opened has nothing to close.
    shared.watch.then((watch) => watch.close()).catch(() => undefined);
  }
}
