import type { SessionRef, Sessions } from '../contracts/session.ts';
import { StoreUnavailable } from '../contracts/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { SessionOutbox } from './session-outbox.ts';

/** A turn that was announced, or may have been: the store did not say. */
interface Announced {
  readonly ref: SessionRef;
  readonly turn: string;
  /** Digest of its idempotency key; ''. */
  readonly key: string;
  /** When it runs out by itself, by the monotonic clock: milliseconds. */
  readonly until: number;
}

export interface GiveBackPorts {
  readonly sessions: Pick<Sessions, 'release'>;
  readonly log: Logger;
  readonly clock: { monotonic(): number };
  readonly settings: () => { readonly lease: number };
}

const NOT_GIVEN_BACK = 'a reservation was not given back: it is tried again until it runs out';

/**
 * Gives reservations back that came to no turn: what the store does not take at once it is told again, for as long as the
 * reservation would stand. Until then nobody else may answer that session, nor that request.
 */
export class GiveBack {
  readonly #ports: GiveBackPorts;
  readonly #outbox: SessionOutbox<Announced>;

  constructor(ports: GiveBackPorts) {
    const { log } = ports;
    this.#ports = ports;
    this.#outbox = new SessionOutbox({
      deliver: (batch) => this.#deliver(batch),
      onFailure: (error, waiting) => log.debug({ err: error, waiting }, NOT_GIVEN_BACK),
      onDropped: () => log.debug('a reservation was not given back: too many wait, and it runs out'),
    });
  }

  /** Must not fail. */
  async now(ref: SessionRef, turn: string, key: string): Promise<void> {
    const { sessions, log } = this.#ports;
    try {
      await sessions.release(ref, turn, key);
    } catch (error) {
      log.debug({ err: error }, NOT_GIVEN_BACK);
      this.soon(ref, turn, key, error);
    }
  }

  /** @param error why nobody knows whether the store has it */
  soon(ref: SessionRef, turn: string, key: string, error: unknown): void {
    if (!(error instanceof StoreUnavailable)) return;
    const { clock, settings } = this.#ports;
    this.#outbox.push({ ref, turn, key, until: clock.monotonic() + settings().lease });
  }

  /** Whether one of this session waits: it would be in the way of the next turn. */
  has(ref: SessionRef): boolean {
    return this.#outbox.has(ref);
  }

  /** Tries at once. False if the store still does not take them. */
  flush(): Promise<boolean> {
    return this.#outbox.flush();
  }

  /** Tries at once if one of this session waits; what is late is not waited for. */
  async tried(ref: SessionRef): Promise<void> {
    await this.#outbox.tried(ref);
  }

  /** Tries once more: what is left runs out. */
  async close(): Promise<void> {
    await this.#outbox.close();
  }

  async #deliver(batch: readonly Announced[]): Promise<void> {
    const { sessions, clock } = this.#ports;
    const now = clock.monotonic();
    const standing = batch.filter(({ until }) => until > now);
    await Promise.all(standing.map(({ ref, turn, key }) => sessions.release(ref, turn, key)));
  }
}
