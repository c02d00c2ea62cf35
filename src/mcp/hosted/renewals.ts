import type { McpServer } from '../server.ts';

/** Milliseconds between two tries at a server, at first and at most: each that fails again doubles them. */
const FIRST_MS = 5000;
const MOST_MS = 300_000;

interface Renewal {
  /** Monotonic milliseconds: of the last try's end, or its beginning while it runs. */
  triedAt: number;
  /** From there to the next try. */
  waitMs: number;
  /** Of the next try, where it has to wait. */
  timer?: NodeJS.Timeout | undefined;
}

export interface RenewalsOptions {
  /** Monotonic milliseconds. */
  now(): number;
  /** Opens a session once more. @throws where that can't be done now */
  open(server: McpServer): Promise<unknown>;
  /** Whether there is a connection again, as somebody has asked for something meanwhile. */
  isThere(server: McpServer): boolean;
  onFailed(server: McpServer, error: unknown): void;
}

/**
 * Opens a session again at servers that have forgotten it, before anything is asked there: who only listens would never hear of
 * anything again. At once, but not again and again at one that forgets it each time, or is not there.
 */
export class Renewals {
  readonly #options: RenewalsOptions;
  readonly #renewals = new Map<McpServer, Renewal>();
  #isClosed = false;

  constructor(options: RenewalsOptions) {
    this.#options = options;
  }

  begin(server: McpServer): void {
    const { now } = this.#options;
    const renewal = this.#renewals.get(server) ?? { triedAt: Number.NEGATIVE_INFINITY, waitMs: FIRST_MS };
    this.#renewals.set(server, renewal);
    if (this.#isClosed || renewal.timer) return;
    const leftMs = renewal.triedAt + renewal.waitMs - now();
    if (leftMs <= 0) this.#try(server, renewal);
    else renewal.timer = setTimeout(() => this.#try(server, renewal), leftMs).unref();
  }

  /** The session is over. */
  close(): void {
    this.#isClosed = true;
    for (const { timer } of this.#renewals.values()) clearTimeout(timer);
  }

  #try(server: McpServer, renewal: Renewal): void {
    const { now, open, isThere, onFailed } = this.#options;
    renewal.timer = undefined;
    if (this.#isClosed) return;
    if (isThere(server)) {
      renewal.waitMs = FIRST_MS;
      return;
    }
    renewal.triedAt = now();
    open(server).then(
      () => {
        renewal.triedAt = now();
        renewal.waitMs = FIRST_MS;
      },
      (error: unknown) => {
        onFailed(server, error);
        renewal.triedAt = now();
        this.begin(server);
        renewal.waitMs = Math.min(2 * renewal.waitMs, MOST_MS);
      },
    );
  }
}
