import { DIMENSIONS } from '../../record/signals/layout.ts';
import { riseSince } from '../detectors/change-point.ts';
import { ALARM } from '../detectors/cusum.ts';
import { likelihoodRatio } from '../localisation/excess.ts';
import { type Counts, WHOLE } from '../signals/counts.ts';
import { RING } from '../signals/leaves.ts';
import type { Mark } from '../signals/marks.ts';
import type { Series, SeriesMark } from '../signals/series.ts';
import type { Objectives } from './objectives.ts';
import { NONE_HELD } from './open-detections.ts';
import { type FoundPlace, findPlaces, ticksOfPlace } from './place.ts';
import type { Suspicion } from './suspicion.ts';

/** Bad ones that a rise consists of at least. */
const LEAST_BAD = 5;
/** Of the last six ticks, those that must be above what is usual. */
const TICKS_ABOVE = 3;
const LOOKED_AT = 6;
/** Log-likelihood ratio of a place, after its dispersion. */
const LEAST_EVIDENCE = 10;
/**
 * The same beside what is open: its alarm goes on, and says nothing of the rest, of which thousands of places are looked at
 * every tick. By chance one in 10⁸ has as much.
 */
const LEAST_EVIDENCE_BESIDE = 20;
/** The same of all its ticks but the two that hold the most: ten seconds lie in two of them. */
const LEAST_BESIDE_BURST = 4;
const SHARE_BESIDE_BURST = 0.3;
/** Of the rise's own mean a tick, what the last two ticks must still have for it to be alive. */
const STILL_ALIVE = 0.4;
const ALIVE_TICKS = 2;
/** Standard deviations that the last tick alone may be below the rise's own rate: further below, it has just ended. */
const ENDED = 2.5;
/** Standard deviations that the last minute's count must be above what is usual. */
const GOES_ON = 2.5;

/** A mark whose counts rose, as its strongest series shows it. */
interface Rise {
  readonly mark: Mark;
  readonly since: number;
  readonly dispersion: number;
  readonly statistic: number;
  readonly baseline: string;
}

/** Rises of any mark: CUSUM over series of single values, then the place among all leaves. */
export class Rises {
  readonly #counts: Counts;
  readonly #objectives: Objectives;

  constructor(counts: Counts, objectives: Objectives) {
    this.#counts = counts;
    this.#objectives = objectives;
  }

  /** Takes the tick in that was just summed up. */
  step(): void {
    const { tick, series } = this.#counts;
    const at = tick % RING;
    for (const each of series.values()) {
      const total = each.totals[at] as number;
      for (const [id, mark] of each.marks) {
        const bad = mark.ring[at] as number;
        if (bad === 0 && mark.cusum.sum === 0) continue;
        mark.cusum.step(tick, bad, total, this.#expectedRate(each, id), mark.dispersion);
      }
    }
  }

  /** Time was not what it seemed: what has added up says nothing. */
  reset(): void {
    for (const series of this.#counts.series.values())
      for (const mark of series.marks.values()) mark.cusum.reset();
  }

  /**
   * Rises that are old enough, each with its places.
   * @param confirmTicks ticks that one must have lasted @param isOut leaves that something open of the family holds
   * @param isHeard whether a mark that rose may become a suspicion
   */
  suspicions(
    confirmTicks: number,
    isOut: (mark: Mark) => (leaf: number) => boolean,
    isHeard: (mark: Mark) => boolean,
  ): Suspicion[] {
    return this.#risen()
      .filter(({ mark, since }) => this.#counts.tick - since + 1 >= confirmTicks && isHeard(mark))
      .flatMap((rise) => this.#placed(rise, confirmTicks, isOut(rise.mark)));
  }

  #expectedRate(series: Series, mark: number): number {
    const usual = this.#counts.usual(series, mark);
    if (this.#counts.marks.all[mark]?.signal !== 'errors') return usual;
    return Math.max(usual, this.#objectives.allowedErrors(series.dimension, series.value));
  }

  #risen(): Rise[] {
    const { marks, series } = this.#counts;
    const strongest = new Map<number, { series: Series; mark: SeriesMark; excess: number }>();
    for (const each of series.values()) {
      for (const [id, mark] of each.marks) {
        if (!mark.cusum.isAlarm || !this.#isSteady(each, mark, id)) continue;
        const known = strongest.get(id);
        if (known && known.mark.cusum.sum > mark.cusum.sum) continue;
        const excess = this.#excessOf(each, mark, id);
        if (!known || excess > known.excess) strongest.set(id, { series: each, mark, excess });
      }
    }
    return [...strongest].flatMap(([id, { series: of, mark }]) => {
      const since = this.#since(of, mark, id);
      if (since < 0) return [];
      const baseline =
        of.dimension >= 0 &&
        this.#objectives.allowedErrors(of.dimension, of.value) > this.#counts.usual(of, id)
          ? 'objective'
          : this.#counts.weekly(of, id) >= this.#counts.usual(of, id)
            ? 'hour-of-week'
            : mark.baseTotal > 500
              ? 'recent'
              : this.#counts.importedErrors(of, id) !== undefined
                ? 'imported'
                : 'siblings';
      return [
        {
          mark: marks.all[id] as Mark,
          since,
          dispersion: mark.dispersion,
          statistic: mark.cusum.sum,
          baseline,
        },
      ];
    });
  }

  #excessOf(series: Series, mark: SeriesMark, id: number): number {
    const { tick } = this.#counts;
    const total = series.sum(series.totals, tick, LOOKED_AT);
    return series.sum(mark.ring, tick, LOOKED_AT) - total * this.#expectedRate(series, id);
  }

  #isSteady(series: Series, mark: SeriesMark, id: number): boolean {
    const { tick } = this.#counts;
    const rate = this.#expectedRate(series, id);
    let above = 0;
    for (let back = 0; back < Math.min(LOOKED_AT, tick + 1); back++) {
      const at = (tick - back) % RING;
      const bad = mark.ring[at] as number;
      if (bad > 0 && bad > (series.totals[at] as number) * rate) above++;
    }
    return above >= TICKS_ABOVE && series.sum(mark.ring, tick, RING) >= LEAST_BAD;
  }

  /** @returns the tick in which it rose */
  #since(series: Series, mark: SeriesMark, id: number): number {
    const { tick } = this.#counts;
    const rate = this.#expectedRate(series, id);
    const first = Math.max(0, tick - RING + 1);
    const ticks = Array.from({ length: tick - first + 1 }, (_, back) => (first + back) % RING);
    const found = riseSince(
      ticks.map((at) => mark.ring[at] as number),
      ticks.map((at) => (series.totals[at] as number) * rate),
    );
    return found < 0 ? -1 : first + found;
  }

  #placed(rise: Rise, confirmTicks: number, isOut: (leaf: number) => boolean): Suspicion[] {
    const { mark, since } = rise;
    const found = findPlaces(this.#counts, mark, since, isOut);
    const least = isOut === NONE_HELD ? LEAST_EVIDENCE : LEAST_EVIDENCE_BESIDE;
    const lasting = found.places
      .filter(({ evidence }) => evidence / rise.dispersion >= least)
      .flatMap((place) => this.#lasting(place, rise, confirmTicks));
    const together = asOne(lasting);
    return together.map((places): Suspicion => {
      const sum = (of: (place: FoundPlace) => number): number =>
        places.reduce((all, one) => all + of(one), 0);
      const bad = sum((place) => place.bad);
      const expected = sum((place) => place.expected);
      return {
        detector: mark.rule.detector,
        signal: mark.signal,
        reason: mark.reason,
        category: mark.rule.category,
        family: mark.rule.family,
        rank: mark.rule.rank,
        labels: mark.rule.labels,
        parties: mark.rule.parties,
        mark,
        kind: mark.rule.kind,
        places: places.map(({ conditions }) => conditions),
        share: found.excess > 0 ? Math.min(1, (bad - expected) / found.excess) : 1,
        since: places[0]?.since ?? since,
        bad,
        total: sum((place) => place.total),
        expected,
        statistic: rise.statistic,
        threshold: ALARM,
        baseline: rise.baseline,
        sentence: `Poisson CUSUM ${rise.statistic.toFixed(1)} over ${ALARM}, log-likelihood ratio of the place ${sum((place) => place.evidence).toFixed(0)} over ${least}, dispersion ${rise.dispersion.toFixed(1)}.`,
      };
    });
  }

  /** What is usual at this hour where the place is everything, or one value that has habits; else 0. */
  #habitOf({ conditions }: FoundPlace, { id, rule }: Mark): number {
    if (conditions.length > 1) return 0;
    const [only] = conditions;
    const series = this.#counts.seriesOf(only?.dimension ?? WHOLE, only?.value ?? 0, rule.kind);
    return series ? this.#counts.weekly(series, id) : 0;
  }

  /** A place where it is sure, and goes on. */
  #lasting(place: FoundPlace, { mark, since, dispersion }: Rise, confirmTicks: number): Lasting[] {
    const { tick } = this.#counts;
    if (place.bad < LEAST_BAD) return [];
    if ((place.bad - place.expected) / Math.max(1, place.total) < mark.rule.leastShare) return [];
    const rate = Math.max(place.expected / Math.max(1, place.total), this.#habitOf(place, mark));
    const from = Math.max(0, tick - RING + 1);
    const { bad, total } = ticksOfPlace(this.#counts, mark, place.conditions, mark.rule.kind, from);
    const began = riseSince(
      bad,
      total.map((each) => each * rate),
    );
    const own = began < 0 ? since : Math.max(from + began, since - 1);
    if (tick - own + 1 < confirmTicks) return [];
    const lived = bad.slice(own - from);
    const mean = lived.reduce((sum, each) => sum + each, 0) / lived.length;
    const lately = lived.slice(-ALIVE_TICKS).reduce((sum, each) => sum + each, 0);
    if (lately < STILL_ALIVE * mean * ALIVE_TICKS) return [];
    if (hasEnded(lived, total.slice(own - from), dispersion)) return [];
    // Ten seconds with many are a burst, and what comes after them is usual: without it the rise must show, too.
    const due = (of: readonly number[]): number => rate * of.reduce((sum, each) => sum + each, 0);
    const besides = withoutBurst(lived, total.slice(own - from));
    if (likelihoodRatio(besides.bad, rate * besides.total) / dispersion < LEAST_BESIDE_BURST) return [];
    const all = lived.reduce((sum, each) => sum + each, 0) / Math.max(1, place.total);
    if (besides.bad / Math.max(1, besides.total) - rate < SHARE_BESIDE_BURST * (all - rate)) return [];
    // What goes on shows in the last ticks by itself, without the help of those before.
    const recent = bad.slice(-LOOKED_AT).reduce((sum, each) => sum + each, 0);
    const recentDue = due(total.slice(-LOOKED_AT));
    if (recent < recentDue + GOES_ON * Math.sqrt((recentDue + 1) * dispersion)) return [];
    return [{ ...place, since: own }];
  }
}

/** Whether the last tick has so few that it is none of the rise: what heals in less than a confirmation opens nothing. */
function hasEnded(bad: readonly number[], total: readonly number[], dispersion: number): boolean {
  const sum = (of: readonly number[]): number => of.reduce((all, one) => all + one, 0);
  const due = (sum(bad) / Math.max(1, sum(total))) * (total.at(-1) ?? 0);
  return (bad.at(-1) ?? 0) < due - ENDED * Math.sqrt(due * dispersion);
}

function withoutBurst(
  bad: readonly number[],
  total: readonly number[],
): { readonly bad: number; readonly total: number } {
  let first = 0;
  for (let at = 1; at + 1 < bad.length; at++)
    if ((bad[at] as number) + (bad[at + 1] as number) > (bad[first] as number) + (bad[first + 1] ?? 0))
      first = at;
  const sum = (of: readonly number[]): number =>
    of.reduce((all, each, at) => (at === first || at === first + 1 ? all : all + each), 0);
  return { bad: sum(bad), total: sum(total) };
}

type Lasting = FoundPlace & { readonly since: number };

const TARGET = DIMENSIONS.indexOf('target');

/** Values of one dimension that went bad together are one matter; targets each have their own. */
function asOne(places: readonly Lasting[]): Lasting[][] {
  const groups: Lasting[][] = [];
  for (const place of places) {
    const [only] = place.conditions;
    const twin = groups.find(
      ([first]) =>
        first &&
        place.conditions.length === 1 &&
        first.conditions.length === 1 &&
        only?.dimension !== TARGET &&
        first.conditions[0]?.dimension === only?.dimension &&
        Math.abs(first.since - place.since) <= 1,
    );
    if (twin) twin.push(place);
    else groups.push([place]);
  }
  return groups;
}
