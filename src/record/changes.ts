import type { OnStateChange, StateChange } from '../contracts/state-change.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Meters } from './meters.ts';

/** Changes that are kept to be read again. */
const KEPT = 1000;

/** A change of state with its place in the order in which they happened: from 1, in this process. */
export interface RecordedChange extends StateChange {
  readonly id: number;
}

/** Who approved a tool says as what; who finds it approved can't. */
const isSaidAgain = ({ to, reason }: StateChange, last: StateChange | undefined): boolean =>
  last?.to === to && (to === 'approved' || last.reason === reason);

/** The changes of state of this process: logged, counted, kept for a while and handed to who listens. */
export class Changes {
  readonly #log: Logger;
  readonly #meters: Meters;
  readonly #kept: RecordedChange[] = [];
  readonly #listeners = new Set<(change: RecordedChange) => void>();
  #count = 0;

  constructor(log: Logger, meters: Meters) {
    this.#log = log;
    this.#meters = meters;
  }

  /** Bound, so that it can be handed on as it is. */
  readonly record: OnStateChange = (change) => {
    this.#count++;
    const recorded = { id: this.#count, ...change };
    if (this.#kept.push(recorded) > KEPT) this.#kept.shift();
    this.#meters.stateChanges.inc({ kind: change.kind });
    const { kind, subject, from, to, reason, by } = change;
    this.#log.info({ kind, subject, from, to, reason, by }, 'state changed');
    for (const listener of this.#listeners) listener(recorded);
  };

  /**
   * The same for what several processes come to see, each by itself: that a tool of an MCP server changed or was approved.
   * What is said again is none.
   */
  readonly recordNews: OnStateChange = (change) => {
    const last = this.#kept.findLast(({ kind, subject }) => kind === 'tool' && subject === change.subject);
    if (change.kind !== 'tool' || !isSaidAgain(change, last)) this.record(change);
  };

  /** Oldest first. */
  get recent(): readonly RecordedChange[] {
    return this.#kept;
  }

  /** @returns what ends the subscription */
  listen(listener: (change: RecordedChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
