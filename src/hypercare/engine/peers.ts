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
const SIGNALS: ReadonlySet<string> = new Set(['errors', 'attempts', 'silent']);

const ROUTE = DIMENSIONS.indexOf('route');
const MODEL = DIMENSIONS.indexOf('model');
const UPSTREAM = DIMENSIONS.indexOf('upstream');

/** What a value had in a stratum. */
interface Stratum {
  bad: number;
  total: number;
}

/**
 * Targets and regions against their siblings, over five minutes: what is bad from the first day on has no past that would
 * show it. Siblings are compared where they do the same: rates are taken route by route (direct standardisation).
 */
export function peerOutliers(counts: Counts, isOut: (leaf: number) => boolean): Suspicion[] {
  const { leaves, tick, marks } = counts;
  if (tick < WINDOW) return [];
  const bad = new Float64Array(leaves.end);
  const topMark = new Map<number, number>();
  for (const mark of marks.all) {
    if (!SIGNALS.has(mark.signal)) continue;
    for (const cell of counts.cells(mark.id).all()) {
      let sum = 0;
      for (let back = 0; back < WINDOW; back++) sum += cell.ring[(tick - back) % RING] as number;
      bad[cell.leaf] = (bad[cell.leaf] as number) + sum;
      if (sum > 0) topMark.set(cell.leaf, mark.id);
    }
  }
  return COMPARED.flatMap((name) => {
    const dimension = DIMENSIONS.indexOf(name);
    const groups = new Map<string, Map<number, Stratum>>();
    for (let leaf = 0; leaf < leaves.end; leaf++) {
      if (!leaves.isUsed(leaf) || leaves.value(leaf, KIND) !== KINDS.request || isOut(leaf)) continue;
      const value = leaves.value(leaf, dimension);
      if (value < 2 || leaves.lastTick(leaf) <= tick - WINDOW) continue;
      let total = 0;
      for (let back = 0; back < WINDOW; back++) total += leaves.total(leaf, tick - back);
      if (total === 0) continue;
      const stratum = `${leaves.value(leaf, ROUTE)} ${leaves.value(leaf, MODEL)} ${leaves.value(leaf, UPSTREAM)}`;
      let group = groups.get(stratum);
      if (!group) {
        group = new Map();
        groups.set(stratum, group);
      }
      const known = group.get(value) ?? { bad: 0, total: 0 };
      known.bad += bad[leaf] as number;
      known.total += total;
      group.set(value, known);
    }
    return outliersOf(groups).flatMap(
      ({ value, own, expected, z }) =>
        suspicionOf(counts, name, dimension, value, own, expected, z, topMark) ?? [],
    );
  });
}

interface Outlier {
  readonly value: number;
  readonly own: Stratum;
  readonly expected: number;
  readonly z: number;
}

function outliersOf(groups: ReadonlyMap<string, ReadonlyMap<number, Stratum>>): Outlier[] {
  const byValue = new Map<number, { own: Stratum; others: Stratum; expected: number }>();
  for (const group of groups.values()) {
    const all = { bad: 0, total: 0 };
    for (const { bad, total } of group.values()) {
      all.bad += bad;
      all.total += total;
    }
    for (const [value, { bad, total }] of group) {
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
    return isOutlier ? [{ value, own, expected, z }] : [];
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
  { total }: Stratum,
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

function suspicionOf(
  counts: Counts,
  name: (typeof COMPARED)[number],
  dimension: number,
  value: number,
  own: Stratum,
  expected: number,
  z: number,
  topMark: ReadonlyMap<number, number>,
): Suspicion | undefined {
  const leaf = [...topMark.keys()].find((each) => counts.leaves.value(each, dimension) === value);
  const mark = leaf === undefined ? undefined : counts.marks.all[topMark.get(leaf) as number];
  const said = counts.dictionary.name(dimension, value);
  const places = [{ dimension, value }];
  const upstream = leaf === undefined ? 0 : counts.leaves.value(leaf, UPSTREAM);
  if (name === 'target' && upstream > 1) places.push({ dimension: UPSTREAM, value: upstream });
  const since = beganAt(counts, mark, places, own, expected);
  if (since === undefined) return undefined;
  return {
    detector: 'peer-outlier',
    signal: mark?.signal ?? 'errors',
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
