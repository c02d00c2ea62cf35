import { isBad, MOST_BAD } from './bad-states.ts';
import { BACK, type KnownChange, MOST_CHANGES } from './cause.ts';

/** A change as the engine's thread is told it. */
export type Change = Omit<KnownChange, 'tick'>;

interface Heard {
  readonly change: Change;
  /** By the clock of the ticks, milliseconds since the epoch. */
  readonly at: number;
}

/**
 * What was told of changes and is of use still: each is told once, and a thread that begins knows none of it. Bad states
 * for as long as they last, the revision that serves, and whatever changed in the last half hour.
 */
export class ToldChanges {
  readonly #lasting = new Map<string, Heard>();
  readonly #recent: Heard[] = [];

  take(change: Change, at: number): void {
    const heard = { change, at };
    if (this.#recent.push(heard) > MOST_CHANGES) this.#recent.shift();
    const isRevision = change.kind === 'revision';
    const key = isRevision ? change.kind : `${change.kind} ${change.subject}`;
    this.#lasting.delete(key);
    if (isRevision || (isBad(change) && this.#lasting.size < MOST_BAD)) this.#lasting.set(key, heard);
  }

  /** Oldest first. @returns each with the ticks that have passed since */
  all(now: number, tickMs: number): { change: Change; ago: number }[] {
    const recent = new Set(this.#recent.filter(({ at }) => at > now - BACK * tickMs));
    const older = [...this.#lasting.values()].filter((each) => !recent.has(each));
    return [...older, ...recent].map(({ change, at }) => ({
      change,
      ago: Math.max(0, Math.round((now - at) / tickMs)),
    }));
  }
}
