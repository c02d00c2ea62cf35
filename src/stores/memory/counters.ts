import type { CounterState, Counters, Limit, LimitState } from '../../contracts/store.ts';
import { checkName, checkStep, checkTake } from '../check.ts';
import type { CounterWindow } from '../limits/algorithm.ts';
import { ALGORITHMS } from '../limits/index.ts';
import { Deadlines } from './deadlines.ts';

export interface MemoryCountersOptions {
  /** Milliseconds since the epoch. */
  now: () => number;
  /**
   * Most keys held, for each group of limits apart, so that a flood of one limit's keys lets go of no other's. When full,
   * windows that are over go first, then of the oldest those that count least. Default 100,000.
   */
  maxKeys?: number;
  /** Remember which keys changed, for `takeChanges`. */
  journal?: boolean;
}

const MAX_KEYS = 100_000;

/** Of so many of the oldest the one goes that counts least: a flood of keys with one request each ends its own windows. */
const CANDIDATES = 8;

/**
 * Few at a time, because 100,000 windows may end in the same millisecond and one request must not pay for all.
 * More than one, so that the dead leave faster than the new come.
 */
const CLEARED_PER_START = 4;

/** Counters and limits of one process. Every answer is synchronous; a step in a running window is one map lookup. */
export class MemoryCounters implements Counters {
  readonly #now: () => number;
  readonly #maxKeys: number;
  readonly #windows = new Map<string, CounterWindow>();
  readonly #groups = new Map<string, Group>();
  readonly #deadlines = new Deadlines<CounterWindow>();
  readonly #changed: Set<string> | undefined;
  /** The limit that was asked for last, and its window's key: mostly the next request is of the same subject. */
  readonly #last = { scope: '', key: '', of: '\0' };

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
      window = { key, value: by, endsAt: now + windowMs };
      this.#start(window, now);
    } else {
      // Also what saves a key from being held for an hour when the machine's clock is set back by one.
      if (window.endsAt - now > windowMs) {
        window = { key, value: window.value, endsAt: now + windowMs };
        this.#start(window, now);
      }
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
      const window = this.#windowOf(this.#keyOf(scope, limit.key), limit, now);
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
      if (this.#take(windows[i] as CounterWindow, limit, cost, now)) state.forgot = true;
      state.remaining -= cost;
      state.resetMs = ALGORITHMS[limit.algorithm].resetMs(windows[i] as CounterWindow, limit, now);
    }
    return states;
  }

  #keyOf(scope: string, key: string): string {
    const last = this.#last;
    if (last.key !== key || last.scope !== scope) {
      last.scope = scope;
      last.key = key;
      last.of = `${scope}\0${key}`;
    }
    return last.of;
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
    if (window.endsAt <= endsAt) return window;
    window = { ...window, endsAt };
    this.#start(window, now);
    return window;
  }

  /** @returns whether another key had to go for it */
  #take(window: CounterWindow, limit: Limit, cost: number, now: number): boolean {
    const algorithm = ALGORITHMS[limit.algorithm];
    algorithm.take(window, limit, cost, now);
    this.#changed?.add(window.key);
    if (this.#windows.get(window.key) !== window) return this.#start(window, now);
    return (
      window.endsAt - now < algorithm.neededMs(window, limit) &&
      this.#start({ ...window, endsAt: now + algorithm.lifeMs(limit) }, now)
    );
  }

  reset(key: string): void {
    checkName('counter key', key);
    if (this.#remove(key)) this.#changed?.add(key);
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

  /** @returns whether another key had to go for it that was not over */
  #start(window: CounterWindow, now: number): boolean {
    // Removed first, so that a restarted key moves to the young end of its group.
    this.#remove(window.key);
    const name = groupOf(window.key);
    const hasForgotten = this.#clear(name, now);
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = { keys: new Set(), byAge: undefined };
      this.#groups.set(name, group);
    }
    group.keys.add(window.key);
    this.#windows.set(window.key, window);
    this.#deadlines.push(window);
    this.#changed?.add(window.key);
    return hasForgotten;
  }

  /** Makes room in a group: a few windows that are over, and if that is not enough, one that is old and counts little. */
  #clear(name: string, now: number): boolean {
    const full = (): boolean => (this.#groups.get(name)?.keys.size ?? 0) >= this.#maxKeys;
    for (let popped = 0; popped < CLEARED_PER_START || full(); popped++) {
      const first = this.#deadlines.peek();
      if (first === undefined) break;
      // Windows that were reset, cut or dropped stay in the heap until they surface here.
      const current = this.#windows.get(first.key) === first;
      if (current && first.endsAt > now) break;
      this.#deadlines.pop();
      if (current) this.#drop(first.key);
    }
    const group = this.#groups.get(name);
    const isFull = group !== undefined && group.keys.size >= this.#maxKeys;
    if (isFull) this.#dropOne(group);
    else if (group) group.byAge = undefined;
    if (this.#deadlines.size > 2 * Math.max(this.#windows.size, SMALLEST_HEAP))
      this.#deadlines.refill(this.#windows.values());
    return isFull;
  }

  /**
   * One iterator for a row of drops: a new one each time would step over every hole that the last ones left, 65,000
   * at worst. Let go when there is room again, because a resting iterator keeps each table the set outgrows.
   */
  #dropOne(group: Group): void {
    let least: CounterWindow | undefined;
    for (let seen = 0; seen < CANDIDATES; seen++) {
      group.byAge ??= group.keys.values();
      const next = group.byAge.next();
      if (next.done) {
        group.byAge = undefined;
        // All were looked at once; they are again, from the oldest on.
        if (least) break;
        continue;
      }
      const window = this.#windows.get(next.value);
      if (window && (least === undefined || window.value < least.value)) least = window;
    }
    if (least) this.#drop(least.key);
  }

  /** Not noted as a change: what a snapshot holds of a dropped window is still the best that is known. */
  #drop(key: string): void {
    this.#remove(key);
    this.#changed?.delete(key);
  }

  #remove(key: string): boolean {
    if (!this.#windows.delete(key)) return false;
    const name = groupOf(key);
    const group = this.#groups.get(name);
    group?.keys.delete(key);
    if (group?.keys.size === 0) this.#groups.delete(name);
    return true;
  }
}

/** The keys of one limit, in the order in which their windows started. */
interface Group {
  readonly keys: Set<string>;
  byAge: SetIterator<string> | undefined;
}

/** Entries below which the heap is not made anew, however many of them are of no use. */
const SMALLEST_HEAP = 1_000;

/** What stands before a key's first line feed; keys without one are a group of their own. */
function groupOf(key: string): string {
  const end = key.indexOf('\n');
  return end < 0 ? '' : key.slice(0, end);
}
