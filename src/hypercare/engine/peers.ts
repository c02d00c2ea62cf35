import { DIMENSIONS } from '../../record/signals/layout.ts';
import { riseSince } from '../detectors/change-point.ts';
import { twoProportionZ } from '../detectors/proportions.ts';
import type { Counts } from '../signals/counts.ts';
import { KIND, KINDS, RING } from '../signals/leaves.ts';
import type { Mark } from '../signals/marks.ts';
import { ticksOfPlace, type Where } from './place.ts';
import { MINUTE } from './settings.ts';
import type { Suspicion } from './suspicion.ts';

/** z of two proportions, requests of each side, and how many times its siblings' rate it must be. */
const LEAST_Z = 4;
const LEAST_REQUESTS = 20;
const LEAST_RATIO = 2;
/** Differences below a hundredth are what siblings are like. */
const LEAST_DIFFERENCE = 0.01;
const LEAST_BAD = 5;
/** Of its rate since it began, what the last minute must still show. */
const STILL_ALIVE = 0.4;
const WINDOW = 5 * MINUTE;
const COMPARED = ['target', 'region'] as const;
/** Each compared by itself: of a request that is bad in two ways each is said once, and proven as it was said. */
const SIGNALS = ['errors', 'attempts', 'silent'] as const;

const ROUTE = DIMENSIONS.indexOf('route');
const MODEL = DIMENSIONS.indexOf('model');
const UPSTREAM = DIMENSIONS.indexOf('upstream');

/** What a value had in a stratum. */
interface Stratum {
  /** By signal. */
  readonly bad: number[];
  total: number;
}

/** Route, model and upstream → value → what it had. */
type Strata = Map<string, Map<number, Stratum>>;

/**
 * Targets and regions against their siblings, over five minutes: what is bad from the first day on has no past that would
 * show it. Siblings are compared where they do the same: rates are taken route by route (direct standardisation).
 */
export function peerOutliers(counts: Counts, isOut: (leaf: number) => boolean): Suspicion[] {
  if (counts.tick < WINDOW) return [];
  const bad = SIGNALS.map((signal) => badOf(counts, signal));
  return COMPARED.flatMap((name) => {
    const dimension = DIMENSIONS.indexOf(name);
    const strata = strataOf(counts, dimension, bad, isOut);
    const worst = new Map<number, Outlier>();
    for (const signal of SIGNALS.keys()) {
      for (const outlier of outliersOf(strata, signal)) {
        const { value, z } = outlier;
        if (z > (worst.get(value)?.z ?? 0)) worst.set(value, outlier);
      }
    }
    return [...worst.values()].flatMap((outlier) => suspicionOf(counts, name, dimension, outlier) ?? []);
  });
}

/** By leaf, in the window. */
function badOf(counts: Counts, signal: (typeof SIGNALS)[number]): Float64Array {
  const bad = new Float64Array(counts.leaves.end);
  for (const mark of counts.marks.matching(signal)) {
    for (const { leaf, ring } of counts.cells(mark.id).all())
      bad[leaf] = (bad[leaf] as number) + inWindow(ring, counts.tick);
  }
  return bad;
}

function inWindow(ring: ArrayLike<number>, tick: number): number {
  let sum = 0;
  for (let back = 0; back < WINDOW; back++) sum += ring[(tick - back) % RING] as number;
  return sum;
}

function strataOf(
  { leaves, tick }: Counts,
  dimension: number,
  bad: readonly Float64Array[],
  isOut: (leaf: number) => boolean,
): Strata {
  const strata: Strata = new Map();
  for (let leaf = 0; leaf < leaves.end; leaf++) {
    if (!leaves.isUsed(leaf) || leaves.value(leaf, KIND) !== KINDS.request || isOut(leaf)) continue;
    const value = leaves.value(leaf, dimension);
    if (value < 2 || leaves.lastTick(leaf) <= tick - WINDOW) continue;
    let total = 0;
    for (let back = 0; back < WINDOW; back++) total += leaves.total(leaf, tick - back);
    if (total === 0) continue;
    const key = `${leaves.value(leaf, ROUTE)} ${leaves.value(leaf, MODEL)} ${leaves.value(leaf, UPSTREAM)}`;
    let stratum = strata.get(key);
    if (!stratum) {
      stratum = new Map();
      strata.set(key, stratum);
    }
    const known = stratum.get(value) ?? { bad: SIGNALS.map(() => 0), total: 0 };
    bad.forEach((of, signal) => {
      known.bad[signal] = (known.bad[signal] as number) + (of[leaf] as number);
    });
    known.total += total;
    stratum.set(value, known);
  }
  return strata;
}

/** Of one signal. */
interface Share {
  bad: number;
  total: number;
}

interface Outlier {
  readonly value: number;
  /** Its place in `SIGNALS`. */
  readonly signal: number;
  readonly own: Readonly<Share>;
  readonly expected: number;
  readonly z: number;
}

function outliersOf(strata: Strata, signal: number): Outlier[] {
  const byValue = new Map<number, { own: Share; others: Share; expected: number }>();
  for (const stratum of strata.values()) {
    const all = { bad: 0, total: 0 };
    for (const { bad, total } of stratum.values()) {
      all.bad += bad[signal] as number;
      all.total += total;
    }
    for (const [value, of] of stratum) {
      const { total } = of;
      const bad = of.bad[signal] as number;
      const others = { bad: all.bad - bad, total: all.total - total };
      // Nobody to be compared with here.
      if (others.total === 0) continue;
      const known = byValue.get(value) ?? {
        own: { bad: 0, total: 0 },
        others: { bad: 0, total: 0 },
        expected: 0,
      };
      known.own.bad += bad;
      known.own.total += total;
      known.others.bad += others.bad;
      known.others.total += others.total;
      known.expected += (total * others.bad) / others.total;
      byValue.set(value, known);
    }
  }
  return [...byValue].flatMap(([value, { own, others, expected }]) => {
    if (own.total < LEAST_REQUESTS || others.total < LEAST_REQUESTS || own.bad < LEAST_BAD) return [];
    const standard = { bad: (expected / own.total) * others.total, total: others.total };
    const z = twoProportionZ(own, standard);
    const isOutlier =
      z >= LEAST_Z &&
      own.bad >= LEAST_RATIO * expected &&
      (own.bad - expected) / own.total >= LEAST_DIFFERENCE;
    return isOutlier ? [{ value, signal, own, expected, z }] : [];
  });
}

/**
 * When it began to differ from its siblings; the window's beginning where it has done so all the time. Undefined: what the
 * window holds of it is over.
 */
function beganAt(
  counts: Counts,
  mark: Mark | undefined,
  place: readonly Where[],
  { total }: Share,
  expected: number,
): number | undefined {
  const first = Math.max(0, counts.tick - WINDOW + 1);
  if (!mark) return first;
  const ticks = ticksOfPlace(counts, mark, place, KINDS.request, first);
  const rate = expected / Math.max(1, total);
  const due = ticks.total.map((each) => each * rate);
  const began = Math.max(0, riseSince(ticks.bad, due));
  const rateOf = (from: number): number => {
    const sum = (of: readonly number[]): number => of.slice(from).reduce((all, each) => all + each, 0);
    return sum(ticks.bad) / Math.max(1, sum(ticks.total));
  };
  return rateOf(ticks.bad.length - MINUTE) < STILL_ALIVE * rateOf(began) ? undefined : first + began;
}

/** What it is bad with most often, and a leaf where it is. */
function mostMet(
  counts: Counts,
  signal: (typeof SIGNALS)[number],
  dimension: number,
  value: number,
): { mark: Mark; leaf: number } | undefined {
  let most = 0;
  let found: { mark: Mark; leaf: number } | undefined;
  for (const mark of counts.marks.matching(signal)) {
    let sum = 0;
    let at = 0;
    for (const { leaf, ring } of counts.cells(mark.id).all()) {
      if (counts.leaves.value(leaf, dimension) !== value) continue;
      const bad = inWindow(ring, counts.tick);
      sum += bad;
      if (bad > 0) at = leaf;
    }
    if (sum <= most) continue;
    most = sum;
    found = { mark, leaf: at };
  }
  return found;
}

function suspicionOf(
  counts: Counts,
  name: (typeof COMPARED)[number],
  dimension: number,
  { value, signal: at, own, expected, z }: Outlier,
): Suspicion | undefined {
  const signal = SIGNALS[at] as (typeof SIGNALS)[number];
  const { mark, leaf } = mostMet(counts, signal, dimension, value) ?? {};
  const said = counts.dictionary.name(dimension, value);
  const places = [{ dimension, value }];
  const upstream = leaf === undefined ? 0 : counts.leaves.value(leaf, UPSTREAM);
  if (name === 'target' && upstream > 1) places.push({ dimension: UPSTREAM, value: upstream });
  const since = beganAt(counts, mark, places, own, expected);
  if (since === undefined) return undefined;
  return {
    detector: 'peer-outlier',
    signal,
    reason: '',
    category: 'bug',
    family: 'service',
    rank: 4,
    labels: [],
    parties: 2,
    mark,
    kind: KINDS.request,
    places: [places],
    share: 1,
    since,
    bad: own.bad,
    total: own.total,
    expected,
    statistic: z,
    threshold: LEAST_Z,
    baseline: 'siblings',
    sentence: `${name} ${said} fails ${(own.bad / Math.max(0.5, expected)).toFixed(1)} times as often as its siblings do on the same routes (z ${z.toFixed(1)}).`,
    ...(name === 'target'
      ? {
          cause: {
            kind: 'target' as const,
            sentence: `Only target ${said} is hit; its siblings are as usual.`,
            // A change of this target’s own at the time says more.
            confidence: 0.55,
            change: null,
          },
        }
      : {}),
  };
}
