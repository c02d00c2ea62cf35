import { DIMENSIONS } from '../../record/signals/layout.ts';
import { trendOf } from '../detectors/trend.ts';
import type { Counts } from '../signals/counts.ts';
import { KINDS } from '../signals/leaves.ts';
import type { Latencies, Times } from './latencies.ts';
import { MINUTE } from './settings.ts';
import type { Suspicion } from './suspicion.ts';

/** Minutes that a trend is looked for in, and how many of them must have had traffic. */
const WINDOW = 45;
const ENOUGH = 40;
const LEAST_Z = 4;
/** Growth over the window, and beyond the first hour's median. */
const LEAST_GROWTH = 1.2;
const LEAST_BEYOND = 1.15;
/** Times the first hour's median at which it is called a breach, where nobody said what is slow. */
const BREACH = 2;
/** The narrowest first: what creeps in one target creeps in its route, too. */
const LOOKED_AT = ['target', 'model', 'upstream', 'route'] as const;
const UPSTREAM = DIMENSIONS.indexOf('upstream');

/** Times that grow so slowly that no tick shows it: a leak. */
export function creeps(counts: Counts, latencies: Latencies): Suspicion[] {
  const found = LOOKED_AT.flatMap((name) => {
    const dimension = DIMENSIONS.indexOf(name);
    return [...latencies.all()]
      .filter(([of]) => of === dimension)
      .flatMap(([, value, times]) => {
        const trend = creepOf(times);
        return trend ? [suspicionOf(counts, name, dimension, value, times, trend)] : [];
      });
  });
  return found;
}

interface Creep {
  readonly growth: number;
  readonly slope: number;
  readonly z: number;
  readonly now: number;
}

function creepOf(times: Times): Creep | null {
  const lately = times.medians.slice(-WINDOW);
  const logs = lately.filter((each) => each > 0).map(Math.log);
  if (logs.length < ENOUGH || times.anchored <= 0) return null;
  const { slope, z } = trendOf(logs);
  const growth = Math.exp(slope * (WINDOW - 1));
  const last = lately
    .slice(-10)
    .filter((each) => each > 0)
    .sort((a, b) => a - b);
  const now = last[Math.floor(last.length / 2)] ?? 0;
  if (z < LEAST_Z || growth < LEAST_GROWTH || now < LEAST_BEYOND * times.anchored) return null;
  return { growth, slope, z, now };
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
