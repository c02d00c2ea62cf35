import type { RatePoint, RateQuery } from '../../contracts/engine.ts';
import type { TrackState } from './remembered.ts';
import { HOUR, MINUTE } from './settings.ts';

/** Steps that are kept: ticks for a day, minutes for 14 days, hours for 400 days. */
const KEPT = { tick: 24 * HOUR, minute: 14 * 24 * 60, hour: 400 * 24 } as const;
/** Counts that are kept at most, of all series together: at 16 bytes each, 24 MB. The oldest of the busiest go first. */
const MOST_POINTS = 1_500_000;

/** Counts of one thing over time; steps without any are left out. */
class Track {
  readonly at: number[] = [];
  readonly count: number[] = [];

  add(step: number, by: number): void {
    const last = this.at.length - 1;
    if (this.at[last] === step) this.count[last] = (this.count[last] as number) + by;
    else {
      this.at.push(step);
      this.count.push(by);
    }
  }

  /** The newest steps, each with its count. */
  pairs(most: number): number[] {
    const from = Math.max(0, this.at.length - most);
    return this.at.slice(from).flatMap((step, i) => [step, this.count[from + i] as number]);
  }

  forgetBefore(step: number): number {
    const first = this.at.findIndex((each) => each >= step);
    const gone = first < 0 ? this.at.length : first;
    if (gone > 0) {
      this.at.splice(0, gone);
      this.count.splice(0, gone);
    }
    return gone;
  }
}

/** Points that are remembered beyond the process: the newest ticks and minutes of each track, and its hours. */
const MINUTES_KEPT = 24 * 60;
const TICKS_KEPT = 30 * MINUTE;
const MOST_TRACKS = 5_000;

type Resolution = Record<RateQuery['step'], Track>;

/** How much of each thing there was, step by step: what reports and pictures are made from. */
export class History {
  readonly #tracks = new Map<string, Resolution>();
  #points = 0;

  /** @param what a name of its own for each series and mark */
  add(what: string, tick: number, by: number): void {
    if (by === 0) return;
    let tracks = this.#tracks.get(what);
    if (!tracks) {
      if (this.#points >= MOST_POINTS) return;
      tracks = { tick: new Track(), minute: new Track(), hour: new Track() };
      this.#tracks.set(what, tracks);
    }
    const before = tracks.tick.at.length + tracks.minute.at.length + tracks.hour.at.length;
    tracks.tick.add(tick, by);
    tracks.minute.add(Math.floor(tick / MINUTE), by);
    tracks.hour.add(Math.floor(tick / HOUR), by);
    this.#points += tracks.tick.at.length + tracks.minute.at.length + tracks.hour.at.length - before;
  }

  /** To be remembered by another engine; the ticks are its own. */
  get state(): TrackState[] {
    return [...this.#tracks]
      .slice(0, MOST_TRACKS)
      .map(([what, { tick, minute, hour }]) => [
        what,
        minute.pairs(MINUTES_KEPT),
        hour.pairs(KEPT.hour),
        tick.pairs(TICKS_KEPT),
      ]);
  }

  restore(tracks: readonly TrackState[]): void {
    for (const [what, minutes, hours, ticks = []] of tracks) {
      const made: Resolution = { tick: new Track(), minute: new Track(), hour: new Track() };
      for (let at = 0; at + 1 < minutes.length; at += 2)
        made.minute.add(minutes[at] as number, minutes[at + 1] as number);
      for (let at = 0; at + 1 < hours.length; at += 2)
        made.hour.add(hours[at] as number, hours[at + 1] as number);
      for (let at = 0; at + 1 < ticks.length; at += 2)
        made.tick.add(ticks[at] as number, ticks[at + 1] as number);
      this.#points += made.tick.at.length + made.minute.at.length + made.hour.at.length;
      this.#tracks.set(what, made);
    }
  }

  /** Once an hour: what is too old goes; what is too much goes as if it were half as old. */
  trim(tick: number): void {
    const share = this.#points > MOST_POINTS ? 0.5 : 1;
    for (const [what, { tick: ticks, minute, hour }] of this.#tracks) {
      this.#points -= ticks.forgetBefore(tick - share * KEPT.tick);
      this.#points -= minute.forgetBefore(Math.floor(tick / MINUTE) - share * KEPT.minute);
      this.#points -= hour.forgetBefore(Math.floor(tick / HOUR) - KEPT.hour);
      if (hour.at.length === 0) this.#tracks.delete(what);
    }
  }

  /**
   * Bad and total, step by step, between two ticks.
   * @param bad names of what counts as bad @param total name of everything @param timeOf a tick's beginning
   */
  points(
    bad: readonly string[],
    total: string,
    step: RateQuery['step'],
    between: readonly [from: number, to: number],
    timeOf: (tick: number) => number,
  ): RatePoint[] {
    const ticks = step === 'tick' ? 1 : step === 'minute' ? MINUTE : HOUR;
    const [from, to] = between.map((tick) => Math.floor(tick / ticks)) as [number, number];
    const sums = new Map<number, { bad: number; total: number }>();
    const take = (what: string, into: 'bad' | 'total'): void => {
      const track = this.#tracks.get(what)?.[step];
      if (!track) return;
      for (const [i, at] of track.at.entries()) {
        if (at < from || at > to) continue;
        const sum = sums.get(at) ?? { bad: 0, total: 0 };
        sum[into] += track.count[i] as number;
        sums.set(at, sum);
      }
    };
    take(total, 'total');
    for (const what of bad) take(what, 'bad');
    return [...sums]
      .sort(([a], [b]) => a - b)
      .map(([at, sum]) => ({
        at: timeOf(at * ticks),
        bad: Math.min(sum.bad, Math.max(sum.total, sum.bad)),
        total: sum.total,
      }));
  }
}
