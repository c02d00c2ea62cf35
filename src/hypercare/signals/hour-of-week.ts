const HOUR_MS = 3_600_000;
/** Hours of a week, from the epoch's first one on (a Thursday, 00:00 UTC): which day it is makes no difference. */
const HOURS = 168;
const HOURS_A_DAY = 24;
/** Weeks count half after two. */
const DECAY = 2 ** -0.5;
/** Signals of an hour below which it says nothing. */
const ENOUGH = 500;
/** Habits that are kept: at 1.3 kB each, 13 MB. */
const MOST = 10_000;

interface Habit {
  readonly bad: Float32Array;
  readonly total: Float32Array;
}

/** What is usual at this hour of the week: what fails each Monday at nine is no news then. */
export class HourOfWeek {
  readonly #habits = new Map<number, Habit>();
  /** Of the hour that runs: it does not count before it is over. */
  #running = new Map<number, { bad: number; total: number }>();
  #hour = -1;

  /** @param now wall clock, milliseconds since the epoch */
  at(now: number): void {
    const hour = Math.floor(now / HOUR_MS) % HOURS;
    if (hour === this.#hour) return;
    if (this.#hour >= 0) this.#keep(this.#hour);
    this.#hour = hour;
    this.#running = new Map();
  }

  /** @param what a number of its own for each series and mark */
  add(what: number, bad: number, total: number): void {
    const known = this.#running.get(what);
    if (known) {
      known.bad += bad;
      known.total += total;
    } else if (this.#running.size < MOST) this.#running.set(what, { bad, total });
  }

  /**
   * The share of bad ones that is usual now: of this hour of the week, and as long as no week has shown it, of this hour
   * on the days that there were. Undefined: it is not known.
   */
  rate(what: number): number | undefined {
    const habit = this.#habits.get(what);
    if (!habit) return undefined;
    return rateOf(habit, [this.#hour]) ?? rateOf(habit, hoursLike(this.#hour));
  }

  /** As plain data, to be remembered: what, then bad and total of each hour. */
  get state(): readonly (readonly [what: number, bad: readonly number[], total: readonly number[]])[] {
    return [...this.#habits].map(([what, { bad, total }]) => [what, [...bad], [...total]]);
  }

  restore(state: HourOfWeek['state']): void {
    for (const [what, bad, total] of state.slice(0, MOST))
      if (bad.length === HOURS && total.length === HOURS)
        this.#habits.set(what, { bad: Float32Array.from(bad), total: Float32Array.from(total) });
  }

  #keep(hour: number): void {
    for (const [what, { bad, total }] of this.#running) {
      let habit = this.#habits.get(what);
      if (!habit) {
        // What never goes wrong needs no habit.
        if (bad === 0 || this.#habits.size >= MOST) continue;
        habit = { bad: new Float32Array(HOURS), total: new Float32Array(HOURS) };
        this.#habits.set(what, habit);
      }
      habit.bad[hour] = (habit.bad[hour] as number) * DECAY + bad;
      habit.total[hour] = (habit.total[hour] as number) * DECAY + total;
    }
  }
}

function rateOf({ bad, total }: Habit, hours: readonly number[]): number | undefined {
  const sum = (of: Float32Array): number => hours.reduce((all, hour) => all + (of[hour] as number), 0);
  const all = sum(total);
  return all < ENOUGH ? undefined : sum(bad) / all;
}

/** The same hour of every day. */
const hoursLike = (hour: number): number[] =>
  Array.from({ length: HOURS / HOURS_A_DAY }, (_, day) => (hour % HOURS_A_DAY) + day * HOURS_A_DAY);
