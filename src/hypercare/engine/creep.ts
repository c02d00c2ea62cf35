import { DIMENSIONS } from '../../record/signals/layout.ts';
import { isStep, trendOf } from '../detectors/trend.ts';
import type { Counts } from '../signals/counts.ts';
import { KINDS, RING } from '../signals/leaves.ts';
import type { Latencies, Times } from './latencies.ts';
import { MINUTE } from './settings.ts';
import type { Suspicion } from './suspicion.ts';

/** Minutes that a trend is looked for in, and how many of them must have had traffic. */
const WINDOW = 45;
const ENOUGH = 40;
/** Hundreds of places are looked at, every minute of the year. */
const LEAST_Z = 5;
/** Growth over the window, and beyond the first hour's median. */
const LEAST_GROWTH = 1.2;
const LEAST_BEYOND = 1.15;
/** Of the growth, what each half of it must have: of a steady one it is a half. */
const LEAST_OF_GROWTH = 0.3;
/** Times its usual requests at which a place does other work than usual: that it takes longer is no leak. */
const OTHER_WORK = 1.5;
/** Times the first hour's median at which it is called a breach, where nobody said what is slow. */
const BREACH = 2;
/** The narrowest first: what creeps in one target creeps in its route, too. */
const LOOKED_AT = ['target', 'model', 'upstream', 'route'] as const;
const UPSTREAM = DIMENSIONS.indexOf('upstream');

/**
 * Times that grow so slowly that no tick shows it: a leak.
 * @param isOpen whether that has been told of a place: until its times are back, it goes on, however slowly
 */
export function creeps(
  counts: Counts,
  latencies: Latencies,
  isOpen: (dimension: number, value: number) => boolean,
): Suspicion[] {
  const found = LOOKED_AT.flatMap((name) => {
    const dimension = DIMENSIONS.indexOf(name);
    return [...latencies.all()]
      .filter(([of]) => of === dimension)
      .flatMap(([, value, times]) => {
        const trend = hasOtherWork(counts, dimension, value)
          ? null
          : creepOf(times, isOpen(dimension, value));
        return trend ? [suspicionOf(counts, name, dimension, value, times, trend)] : [];
      });
  });
  return found;
}

/** A batch, twice the traffic: more than usual is asked, and of another kind. */
function hasOtherWork(counts: Counts, dimension: number, value: number): boolean {
  const series = counts.seriesOf(dimension, value, KINDS.request);
  if (!series || series.baseTicks === 0) return false;
  const usual = (series.base / series.baseTicks) * RING;
  return series.sum(series.totals, counts.tick, RING) > OTHER_WORK * usual;
}

interface Creep {
  readonly growth: number;
  readonly slope: number;
  readonly z: number;
  readonly now: number;
}

function creepOf(times: Times, isOpen: boolean): Creep | null {
  const lately = times.medians.slice(-WINDOW);
  const known = lately.filter((each) => each > 0);
  if (known.length < ENOUGH || times.anchored <= 0) return null;
  const now = medianOf(lately.slice(-10).filter((each) => each > 0));
  if (now < LEAST_BEYOND * times.anchored) return null;
  const logs = known.map(Math.log);
  if (!isOpen && (!hasGrownOn(logs) || isStep(logs))) return null;
  const { slope, z } = trendOf(logs);
  const growth = Math.exp(slope * (WINDOW - 1));
  return !isOpen && (z < LEAST_Z || growth < LEAST_GROWTH) ? null : { growth, slope, z, now };
}

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Whether it grew on: what creeps does so from each third of the time to the next. */
function hasGrownOn(values: readonly number[]): boolean {
  const third = Math.floor(values.length / 3);
  const [first, middle, last] = [0, 1, 2].map((at) =>
    medianOf(values.slice(at * third, (at + 1) * third)),
  ) as [number, number, number];
  return Math.min(middle - first, last - middle) >= LEAST_OF_GROWTH * (last - first);
}

function suspicionOf(
  counts: Counts,
  name: (typeof LOOKED_AT)[number],
  dimension: number,
  value: number,
  times: Times,
  { growth, slope, z, now }: Creep,
): Suspicion {
  const said = counts.dictionary.name(dimension, value);
  const toBreach = Math.log((BREACH * times.anchored) / now) / slope;
  const when =
    toBreach <= 0 ? 'It is past that' : `At this pace it is twice that in ${Math.round(toBreach)} min`;
  const place = [{ dimension, value }];
  if (name === 'target') {
    for (let leaf = 0; leaf < counts.leaves.end; leaf++) {
      if (!counts.leaves.isUsed(leaf) || counts.leaves.value(leaf, dimension) !== value) continue;
      const upstream = counts.leaves.value(leaf, UPSTREAM);
      if (upstream > 1) place.push({ dimension: UPSTREAM, value: upstream });
      break;
    }
  }
  return {
    detector: 'creep',
    signal: 'slow',
    reason: 'creeping',
    category: 'performance',
    family: 'service',
    rank: name === 'target' ? 5 : 6,
    labels: [],
    parties: 1,
    mark: counts.marks.of('slow', ''),
    kind: KINDS.request,
    places: [place],
    share: 1,
    since: Math.max(0, counts.tick - WINDOW * MINUTE + 1),
    bad: 0,
    total: 0,
    expected: 0,
    statistic: z,
    threshold: LEAST_Z,
    baseline: 'anchored',
    sentence: `The median of ${name} ${said} has grown by ${Math.round((growth - 1) * 100)} % in ${WINDOW} minutes (Theil–Sen; Mann–Kendall z ${z.toFixed(1)}). ${when}.`,
    measured: {
      signal: 'slow',
      unit: 'ms',
      observed: now,
      expected: times.anchored,
      ratio: now / times.anchored,
      interval: [now / growth ** 0.1, now * growth ** 0.1],
    },
    cause: {
      kind: name === 'target' ? 'target' : name === 'model' ? 'provider' : 'upstream',
      sentence: `${name} ${said} grows slower by the minute: something leaks there.`,
      confidence: 0.7,
      change: null,
    },
    severity: 'medium',
  };
}
