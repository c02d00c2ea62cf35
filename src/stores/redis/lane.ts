import { Redis } from 'ioredis';
import type { Calls } from './calls.ts';
import type { RedisClient } from './client.ts';

/** A connection, and the calls that go by it. */
export interface Way {
  readonly client: RedisClient;
  readonly calls: Calls;
}

/**
 * A connection beside the store's own, for calls that would hold others up there. While it is not there, the store's carries
 * them: what Redis refuses a second connection is served all the same.
 */
export class Lane {
  readonly #own: Way;
  readonly #store: Way;

  constructor(own: Way, store: Way) {
    this.#own = own;
    this.#store = store;
    const { client } = own;
    // Whoever calls hears of it.
    client.on('error', () => undefined);
    // Another master may be behind the store's next connection: never are two written to. One that is being made is left
    // alone: it asks by itself, and ioredis would end it for good. A Cluster is told by its nodes.
    store.client.on('close', () => {
      if (client instanceof Redis && client.status === 'ready') client.disconnect(true);
    });
  }

  /**
   * Makes a call; see `Calls.make`.
   * @param bytes that it carries, if they are many
   */
  make<T>(call: (client: RedisClient) => Promise<T>, bytes = 0): Promise<T> {
    const { client, calls } = this.#own.client.status === 'ready' ? this.#own : this.#store;
    return calls.make(() => call(client), bytes);
  }

  /** @param hear is called whenever another Redis may be behind it */
  onConnection(hear: () => void): void {
    for (const { client } of [this.#own, this.#store])
      for (const event of ['ready', '-node']) client.on(event, hear);
  }
}
