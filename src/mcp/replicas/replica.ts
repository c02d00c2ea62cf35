import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { McpHost } from '../server.ts';
import { isAlive } from './is-alive.ts';
import type { ReplicaPorts } from './replica-ports.ts';
import { serveAsk } from './serve-ask.ts';
import { ALIVE, BEAT_MS, inboxOf, type Letter } from './wire.ts';

/** It counts as gone when it has not said for so long that it lives. */
const ALIVE_MS = 5000;
/** The inbox is looked into at least so often: what a call waits at another replica, at most. */
const SHORTEST_LOOK_MS = 5;
const LONGEST_LOOK_MS = 50;
/** Nothing is kept here and nothing was asked for so long: nobody has a reason to write. */
const REST_MS = 60_000;
/** Requests of other replicas that run here at once. */
const MOST_RUNNING = 1000;

/**
 * This process among those that share the store. What its hosts keep in memory is reached from all of them: they write into
 * its inbox. It looks there only while its hosts keep something.
 */
export class Replica {
  readonly id = randomUUID();
  readonly #ports: ReplicaPorts;
  readonly #hosts = new Map<string, () => McpHost>();
  readonly #running = new Map<string, AbortController>();
  #usedAt = 0;
  #open: { first: Promise<unknown>; stop: AbortController; done: Promise<void> } | undefined;

  constructor(ports: ReplicaPorts) {
    this.#ports = ports;
  }

  /** Makes a host reachable. Of two by one name, the later one is. @returns takes it back */
  enter(server: string, host: () => McpHost): () => Promise<void> {
    this.#hosts.set(server, host);
    return async () => {
      if (this.#hosts.get(server) === host) this.#hosts.delete(server);
      if (this.#hosts.size === 0) await this.#rest();
    };
  }

  /** Lets others write to this replica. @returns when they know @throws StoreUnavailable */
  async listen(): Promise<void> {
    this.#usedAt = this.#ports.clock.monotonic();
    if (!this.#open) {
      const stop = new AbortController();
      const first = this.#sayAlive();
      this.#open = { first, stop, done: this.#work(stop.signal) };
    }
    const open = this.#open;
    await open.first.catch(() => {
      // It was away when the first came: who comes later asks anew.
      open.first = this.#sayAlive();
      return open.first;
    });
  }

  /** Whether a replica, this one or another, takes requests. @throws StoreUnavailable */
  async isAlive(id: string): Promise<boolean> {
    return id === this.id || isAlive(id, this.#ports);
  }

  #sayAlive(): Promise<unknown> {
    return this.#ports.documents.put(ALIVE, this.id, true, { ttlMs: ALIVE_MS });
  }

  async #work(stop: AbortSignal): Promise<void> {
    const { clock, logs, log } = this.#ports;
    let place = '';
    let waitMs = SHORTEST_LOOK_MS;
    let saidAt = clock.monotonic();
    let isAway = false;
    while (!stop.aborted) {
      try {
        if (clock.monotonic() - saidAt >= BEAT_MS) {
          if (this.#isIdle()) break;
          saidAt = clock.monotonic();
          await this.#sayAlive();
        }
        const page = await logs.read(inboxOf(this.id), place);
        isAway = false;
        for (const { place: at, text } of page) {
          place = at;
          this.#take(JSON.parse(text) as Letter);
        }
        waitMs = page.length > 0 ? SHORTEST_LOOK_MS : Math.min(LONGEST_LOOK_MS, waitMs * 1.5);
      } catch (error) {
        // Others may find nothing of it when the store is back.
        saidAt = Number.NEGATIVE_INFINITY;
        // Said once: a store that is away is away for everybody, and comes back.
        if (!isAway) log.warn({ err: error }, 'what other replicas ask of MCP sessions here can’t be read');
        isAway = true;
        waitMs = LONGEST_LOOK_MS;
      }
      await sleep(waitMs, undefined, { signal: stop }).catch(() => undefined);
    }
    if (this.#open?.stop.signal === stop) this.#open = undefined;
    // Others see that it has gone sooner than by its silence.
    await this.#ports.documents.delete(ALIVE, this.id).catch(() => undefined);
  }

  #isIdle(): boolean {
    if (this.#ports.clock.monotonic() - this.#usedAt < REST_MS || this.#running.size > 0) return false;
    return ![...this.#hosts.values()].some((host) => host().isHolding);
  }

  #take(letter: Letter): void {
    if (letter.kind === 'leave') {
      this.#running.get(letter.id)?.abort();
      return;
    }
    // Not taken: who asked gives it up and does it there.
    if (this.#running.size >= MOST_RUNNING) return;
    this.#usedAt = this.#ports.clock.monotonic();
    const gone = new AbortController();
    this.#running.set(letter.id, gone);
    serveAsk(letter, this.#hosts.get(letter.server)?.(), this.#ports, gone.signal)
      .catch((error: unknown) =>
        this.#ports.log.warn(
          { err: error, server: letter.server },
          'an answer to another replica was cut off',
        ),
      )
      .finally(() => this.#running.delete(letter.id));
  }

  async #rest(): Promise<void> {
    const open = this.#open;
    for (const gone of this.#running.values()) gone.abort();
    open?.stop.abort();
    await open?.done;
    await open?.first.catch(() => undefined);
  }
}
