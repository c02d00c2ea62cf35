import { DIMENSIONS } from '../../record/signals/layout.ts';
import { wilson } from '../detectors/proportions.ts';
import type { Counts } from '../signals/counts.ts';
import { KINDS } from '../signals/leaves.ts';
import { BURN_RULES, type Objective, type Objectives } from './objectives.ts';
import { MINUTE } from './settings.ts';
import type { Suspicion } from './suspicion.ts';

/** Requests in the long window below which shares say little, and what takes their place: so many bad, half of all. */
const THIN = 100;
const THIN_BAD = 10;
const THIN_SHARE = 0.5;
const SIGNALS = {
  availability: 'errors',
  latency: 'slow',
  'first-token': 'first-token',
  continuity: 'context',
  spend: 'spend',
} as const;

/** Objectives whose budget burns too fast. */
export function burns(counts: Counts, objectives: Objectives): Suspicion[] {
  return objectives.all.flatMap((objective) => {
    const burn = burnOf(objective);
    return burn ? [suspicionOf(counts, objective, burn)] : [];
  });
}

interface Burn {
  readonly rate: number;
  readonly threshold: number;
  readonly longMinutes: number;
  readonly shortMinutes: number;
}

function burnOf(objective: Objective): Burn | null {
  const { kind } = objective.setting;
  for (const { rate, longMinutes, shortMinutes } of BURN_RULES) {
    const known = objective.minutes;
    if (known < shortMinutes) continue;
    const long = objective.last(longMinutes);
    if (kind !== 'spend' && long.total < THIN) {
      if (long.bad >= THIN_BAD && long.bad >= THIN_SHARE * long.total && isGoingOn(objective, 1))
        return { rate: objective.burn(longMinutes) ?? 0, threshold: rate, longMinutes, shortMinutes };
      continue;
    }
    // What is not known yet of the long window counts as good: a minute's fault on the first day is no burnt month.
    const slow = (objective.burn(longMinutes) ?? 0) * Math.min(1, known / longMinutes);
    const fast = objective.burn(shortMinutes) ?? 0;
    if (slow >= rate && fast >= rate && isGoingOn(objective, rate))
      return { rate: slow, threshold: rate, longMinutes, shortMinutes };
  }
  return null;
}

const isGoingOn = (objective: Objective, rate: number): boolean => (objective.burn(1) ?? 0) >= rate;

function suspicionOf(counts: Counts, objective: Objective, burn: Burn): Suspicion {
  const { name, dimension, value, kind, allowed } = objective.setting;
  const at = dimension === '' ? -1 : DIMENSIONS.indexOf(dimension);
  const short = objective.last(burn.shortMinutes);
  const observed = kind === 'spend' ? short.bad : short.bad / Math.max(1, short.total);
  const expected = kind === 'spend' ? (allowed * burn.shortMinutes) / 1440 : allowed;
  return {
    detector: 'objective-burn',
    signal: SIGNALS[kind],
    reason: name,
    category: kind === 'latency' || kind === 'first-token' ? 'performance' : kind === 'spend' ? 'bug' : 'bug',
    family: kind === 'spend' ? 'cost' : 'service',
    rank: 5,
    labels: ['objective'],
    parties: 1,
    mark: kind === 'spend' ? undefined : topMark(counts, SIGNALS[kind], at, value),
    kind: kind === 'continuity' ? KINDS.context : KINDS.request,
    places: [at < 0 ? [] : [{ dimension: at, value: counts.dictionary.of(at, value) }]],
    share: 1,
    since: Math.max(0, counts.tick - Math.min(burn.shortMinutes, 6) * MINUTE + 1),
    bad: short.bad,
    total: short.total,
    expected: expected * (kind === 'spend' ? 1 : short.total),
    statistic: burn.rate,
    threshold: burn.threshold,
    baseline: 'objective',
    sentence: `Objective ${name} burns ${burn.rate.toFixed(1)} times as fast as it may, over ${burn.longMinutes} min and over ${burn.shortMinutes} min.`,
    measured: {
      signal: SIGNALS[kind],
      unit: kind === 'spend' ? 'usd' : 'rate',
      observed,
      expected,
      ratio: expected > 0 ? observed / expected : null,
      interval: kind === 'spend' ? [observed, observed] : wilson(short),
    },
    severity: burn.threshold >= 14 ? 'critical' : burn.threshold >= 6 ? 'high' : 'medium',
  };
}

/** The mark of a signal that is met most at a place. */
function topMark(counts: Counts, signal: string, dimension: number, value: string): Suspicion['mark'] {
  const series = counts.seriesOf(
    dimension,
    dimension < 0 ? 0 : counts.dictionary.of(dimension, value),
    signal === 'context' ? KINDS.context : KINDS.request,
  );
  let best: Suspicion['mark'];
  let most = 0;
  for (const mark of counts.marks.matching(signal)) {
    const track = series?.marks.get(mark.id);
    const sum = track && series ? series.sum(track.ring, counts.tick, 6) : 0;
    if (sum > most) {
      best = mark;
      most = sum;
    }
  }
  return best;
}
