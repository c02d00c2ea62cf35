import { Pool } from 'undici';
import { connector } from './connector.ts';
import type { Cursor } from './rotation.ts';

export interface PoolOptions {
  /** `http://host:port` */
  origin: string;
  /** Milliseconds to open a connection. */
  connectTimeoutMs: number;
}

interface Held {
  pool: Pool;
  leases: number;
}

/** A pool for as long as a generation needs it. */
export interface PoolLease {
  readonly pool: Pool;
  release(): void;
}

/**
 * The connections of the process. They outlive generations: a reload that keeps a target keeps its warm connections.
 * A pool has no limit of its own, so that long streams never starve short requests of connections; it is closed, once
 * what runs on it has ended, when the last generation that named it is gone.
 */
export class Pools {
  readonly #held = new Map<string, Held>();
  readonly #cursors = new Map<string, Cursor>();

  lease(options: PoolOptions): PoolLease {
    const identity = `${options.origin} ${options.connectTimeoutMs}`;
    let held = this.#held.get(identity);
    if (!held) {
      held = { pool: open(options), leases: 0 };
      this.#held.set(identity, held);
    }
    held.leases++;
    const mine = held;
    let released = false;
    return {
      pool: mine.pool,
      release: () => {
        if (released) return;
        released = true;
        mine.leases--;
        if (mine.leases > 0) return;
        this.#held.delete(identity);
        // Waits for what runs. It can't fail but by being closed twice, which the flag above rules out.
        void mine.pool.close();
      },
    };
  }

  /** The place in a rotation by the name of what rotates. */
  cursor(name: string): Cursor {
    let cursor = this.#cursors.get(name);
    if (!cursor) {
      cursor = { next: 0 };
      this.#cursors.set(name, cursor);
    }
    return cursor;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Cuts everything: the process ends. */
  async destroy(): Promise<void> {
    const all = [...this.#held.values()];
    this.#held.clear();
    await Promise.all(all.map((held) => held.pool.destroy()));
  }
}

function open(options: PoolOptions): Pool {
  return new Pool(options.origin, {
    // No pipelining: a slow answer would hold up the one behind it.
    pipelining: 1,
    connect: connector(options.connectTimeoutMs),
    // Below the 5 s at which Node's and many other servers close an idle connection under a request's feet.
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 600_000,
    // An answer's length is checked, so that half an answer is never taken for a whole one.
    strictContentLength: true,
    maxHeaderSize: 64 * 1024,
  });
}
