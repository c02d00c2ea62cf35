import { Cusum, nextDispersion } from '../detectors/cusum.ts';
import { RING } from './leaves.ts';

/** Signals in an anchored baseline after which it is what it is: the first day of a busy route. */
const ANCHORED = 200_000;
/** Fewer of them say nothing about what is usual. */
const ENOUGH_ANCHORED = 2_000;
/** What is usual may have grown to this many times what it was at the beginning, and no further: creeping must show. */
const MOST_DRIFT = 2;

/** One mark within a series: how often, tick by tick, and what is usual. */
export class SeriesMark {
  readonly ring: Float64Array = new Float64Array(RING);
  readonly cusum: Cusum = new Cusum();
  base = 0;
  baseTotal = 0;
  anchoredBad = 0;
  anchoredTotal = 0;
  dispersion = 1;

  /**
   * The usual share of bad ones: its own, as far as it has any past, and for the rest what is given.
   * @param prior the share where nothing is known @param weight how many signals that counts as
   */
  rate(prior: number, weight: number): number {
    const own = (this.base + prior * weight) / (this.baseTotal + weight);
    if (this.anchoredTotal < ENOUGH_ANCHORED) return own;
    const anchored = (this.anchoredBad + prior * weight) / (this.anchoredTotal + weight);
    return Math.min(own, MOST_DRIFT * anchored);
  }

  /** A tick leaves the ring and becomes part of what is usual. */
  fold(tick: number, total: number, decay: number, expected: number): void {
    const bad = this.ring[tick % RING] as number;
    if (expected > 0) this.dispersion = Math.max(1, nextDispersion(this.dispersion, bad, expected));
    this.base = this.base * decay + bad;
    this.baseTotal = this.baseTotal * decay + total;
    if (this.anchoredTotal >= ANCHORED) return;
    this.anchoredBad += bad;
    this.anchoredTotal += total;
  }
}

/** Everything of one value of one dimension. */
export class Series {
  readonly dimension: number;
  readonly value: number;
  readonly kind: number;
  readonly totals: Float64Array = new Float64Array(RING);
  /** Signals of the ticks before the ring, the younger the more. */
  base = 0;
  /** Ticks that made up the base, with the same decay: base / baseTicks is the usual number a tick. */
  baseTicks = 0;
  lastTick = 0;
  readonly marks: Map<number, SeriesMark> = new Map();

  constructor(dimension: number, value: number, kind: number) {
    this.dimension = dimension;
    this.value = value;
    this.kind = kind;
  }

  mark(id: number): SeriesMark {
    let mark = this.marks.get(id);
    if (!mark) {
      mark = new SeriesMark();
      this.marks.set(id, mark);
    }
    return mark;
  }

  /** Sum of the last `ticks` ticks. */
  sum(of: Float64Array, tick: number, ticks: number): number {
    let sum = 0;
    for (let back = 0; back < Math.min(ticks, RING, tick + 1); back++)
      sum += of[(tick - back) % RING] as number;
    return sum;
  }
}
