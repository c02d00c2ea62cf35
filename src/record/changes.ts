import type { OnStateChange, StateChange } from '../contracts/state-change.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Meters } from './meters.ts';

/** Changes that are kept to be read again. */
const KEPT = 1000;

/** The changes of state of this process: logged, counted, kept for a while and handed to who listens. */
export class Changes {
  readonly #log: Logger;
  readonly #meters: Meters;
  readonly #kept: StateChange[] = [];
  readonly #listeners = new Set<OnStateChange>();

  constructor(log: Logger, meters: Meters) {
    this.#log = log;
    this.#meters = meters;
  }

  /** Bound, so that it can be handed on as it is. */
  readonly record: OnStateChange = (change) => {
    if (this.#kept.push(change) > KEPT) this.#kept.shift();
    this.#meters.stateChanges.inc({ kind: change.kind });
    const { kind, subject, from, to, reason, by } = change;
    this.#log.info({ kind, subject, from, to, reason, by }, 'state changed');
    for (const listener of this.#listeners) listener(change);
  };

  /** Oldest first. */
  get recent(): readonly StateChange[] {
    return this.#kept;
  }

  /** @returns what ends the subscription */
  listen(listener: OnStateChange): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
