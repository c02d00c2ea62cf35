import type { CounterState, Counters, Limit, LimitState } from '../../contracts/store.ts';
import { checkName, checkStep, checkTake } from '../check.ts';
import type { CounterWindow } from '../limits/algorithm.ts';
import { ALGORITHMS } from '../limits/index.ts';
import { Deadlines } from './deadlines.ts';

export interface MemoryCountersOptions {
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Most keys held. When full, windows that are over go first, then the oldest. Default 100,000. */
  maxKeys?: number;
  /** Remember which keys changed, for `takeChanges`. */
  journal?: boolean;
}

const MAX_KEYS = 100_000;

/**
 * Few at a time, because 100,000 windows may end in the same millisecond and one request must not pay for all.
 * More than one, so that the dead leave faster than the new come.
 */
const CLEARED_PER_START = 4;

/** Counters and limits of one process. Every answer is synchronous; a step in a running window is one map lookup. */
export class MemoryCounters implements Counters {
  readonly #now: () => number;
  readonly #maxKeys: number;
  /** In the order in which the windows started. */
  readonly #windows = new Map<string, CounterWindow>();
  readonly #deadlines = new Deadlines<CounterWindow>();
  readonly #changed: Set<string> | undefined;
  #byAge: MapIterator<string> | undefined;

  constructor(options: MemoryCountersOptions) {
    this.#now = options.now;
    this.#maxKeys = options.maxKeys ?? MAX_KEYS;
    this.#changed = options.journal ? new Set() : undefined;
  }

  /** Keys held, those included whose window is over and not yet cleared. */
  get size(): number {
    return this.#windows.size;
  }

  add(key: string, by: number, windowMs: number): CounterState {
    checkStep(key, by, windowMs);
    const now = this.#now();
    let window = this.#windows.get(key);
    if (window === undefined || window.endsAt <= now) {
      if (by <= 0) return { value: 0, resetMs: windowMs };
      window = this.#start({ key, value: by, endsAt: now + windowMs }, now);
    } else {
      // Also what saves a key from being held for an hour when the machine's clock is set back by one.
      if (window.endsAt - now > windowMs)
        window = this.#start({ key, value: window.value, endsAt: now + windowMs }, now);
      window.value = Math.max(0, window.value + by);
      if (by !== 0) this.#changed?.add(key);
    }
    return { value: window.value, resetMs: Math.ceil(window.endsAt - now) };
  }

  take(scope: string, limits: readonly Limit[], cost: number): LimitState[] {
    checkTake(scope, limits, cost);
    const now = this.#now();
    const windows: CounterWindow[] = [];
    const states: LimitState[] = [];
    let passes = true;
    for (const limit of limits) {
      const algorithm = ALGORITHMS[limit.algorithm];
      const window = this.#windowOf(`${scope}\0${limit.key}`, limit, now);
      const free = algorithm.free(window, limit);
      const waitMs = free >= cost ? 0 : algorithm.waitMs(window, limit, cost, now);
      if (waitMs > 0) passes = false;
      windows.push(window);
      states.push({ remaining: Math.max(0, free), resetMs: algorithm.resetMs(window, limit, now), waitMs });
    }
    if (!passes || cost === 0) return states;
    for (let i = 0; i < limits.length; i++) {
      const limit = limits[i] as Limit;
      const state = states[i] as LimitState;
      this.#take(windows[i] as CounterWindow, limit, cost, now);
      state.remaining -= cost;
      state.resetMs = ALGORITHMS[limit.algorithm].resetMs(windows[i] as CounterWindow, limit, now);
    }
    return states;
  }

  /** The window of a limit as it is now; one that is kept nowhere yet if nothing was taken from it. */
  #windowOf(key: string, limit: Limit, now: number): CounterWindow {
    const algorithm = ALGORITHMS[limit.algorithm];
    const endsAt = now + algorithm.lifeMs(limit);
    let window = this.#windows.get(key);
    if (window === undefined || window.endsAt <= now)
      window = { key, value: 0, endsAt, parts: algorithm.empty() };
    algorithm.advance(window, limit, now);
    // Held too long if the clock was set back.
    return window.endsAt > endsAt ? this.#start({ ...window, endsAt }, now) : window;
  }

  #take(window: CounterWindow, limit: Limit, cost: number, now: number): void {
    const algorithm = ALGORITHMS[limit.algorithm];
    algorithm.take(window, limit, cost, now);
    this.#changed?.add(window.key);
    if (this.#windows.get(window.key) !== window) this.#start(window, now);
    else if (window.endsAt - now < algorithm.neededMs(window, limit)) {
      this.#start({ ...window, endsAt: now + algorithm.lifeMs(limit) }, now);
    }
  }

  reset(key: string): void {
    checkName('counter key', key);
    if (this.#windows.delete(key)) this.#changed?.add(key);
  }

  /** Takes windows over from a snapshot; those already over stay out. */
  restore(windows: Iterable<CounterWindow>): void {
    const now = this.#now();
    for (const window of windows) {
      if (window.endsAt > now) this.#start(window, now);
    }
    this.#changed?.clear();
  }

  /** Keys changed since they were last taken, at most `limit`, each with its window, or none once it was reset. */
  takeChanges(limit: number): { key: string; window: CounterWindow | undefined }[] {
    const taken: { key: string; window: CounterWindow | undefined }[] = [];
    for (const key of this.#changed ?? []) {
      if (taken.length === limit) break;
      this.#changed?.delete(key);
      taken.push({ key, window: this.#windows.get(key) });
    }
    return taken;
  }

  /** Puts changes back that could not be written. */
  returnChanges(changes: Iterable<{ key: string }>): void {
    for (const { key } of changes) this.#changed?.add(key);
  }

  #start(window: CounterWindow, now: number): CounterWindow {
    // Deleted first, so that a restarted key moves to the young end of the map.
    this.#windows.delete(window.key);
    this.#clear(now);
    this.#windows.set(window.key, window);
    this.#deadlines.push(window);
    this.#changed?.add(window.key);
    return window;
  }

  /** Makes room: a few windows that are over, and if that is not enough, the oldest. */
  #clear(now: number): void {
    const full = () => this.#windows.size >= this.#maxKeys;
    for (let popped = 0; popped < CLEARED_PER_START || full(); popped++) {
      const first = this.#deadlines.peek();
      if (first === undefined) break;
      // Windows that were reset, cut or dropped stay in the heap until they surface here.
      const current = this.#windows.get(first.key) === first;
      if (current && first.endsAt > now) break;
      this.#deadlines.pop();
      if (current) this.#drop(first.key);
    }
    if (full()) this.#dropOldest();
    else this.#byAge = undefined;
    if (this.#deadlines.size > 2 * this.#maxKeys) this.#deadlines.refill(this.#windows.values());
  }

  /**
   * One iterator for a row of drops: a new one each time would step over every hole that the last ones left, 65,000
   * at worst. Let go when there is room again, because a resting iterator keeps each table the map outgrows.
   */
  #dropOldest(): void {
    this.#byAge ??= this.#windows.keys();
    const oldest = this.#byAge.next();
    if (!oldest.done) this.#drop(oldest.value);
  }

  /** Not noted as a change: what a snapshot holds of a dropped window is still the best that is known. */
  #drop(key: string): void {
    this.#windows.delete(key);
    this.#changed?.delete(key);
  }
}
