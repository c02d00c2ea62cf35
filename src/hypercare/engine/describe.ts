import type {
  Cause,
  Correlate,
  Detection,
  Evidence,
  FindingPlace,
  FindingTime,
  Impact,
  Measured,
  Severity,
} from '../../contracts/finding.ts';
import type { Dimension, Scope } from '../../contracts/signal.ts';
import { HyperLogLog } from '../../lib/hyperloglog.ts';
import { DIMENSIONS } from '../../record/signals/layout.ts';
import { twoProportionZ, wilson } from '../detectors/proportions.ts';
import { trendOf } from '../detectors/trend.ts';
import { type Counts, WHOLE } from '../signals/counts.ts';
import { RING } from '../signals/leaves.ts';
import { otherReasons } from './other-reasons.ts';
import { matches, type Where } from './place.ts';
import type { Suspicion } from './suspicion.ts';

const CONSUMER = DIMENSIONS.indexOf('consumer');
const REVISION = DIMENSIONS.indexOf('revision');
/** Ids of requests shown. */
const BAD_SHOWN = 5;
const GOOD_SHOWN = 2;
/** Values of a dimension that are named as normal. */
const MOST_NORMAL = 8;
const NORMAL_Z = 2;
const LEAST_REQUESTS = 20;

/** Who and what was hit, of the bad events since it began. */
export interface Hit {
  readonly ids: readonly string[];
  readonly users: HyperLogLog;
  readonly sessions: HyperLogLog;
  readonly parties: HyperLogLog;
  /** Of the bad events, the share of whoever had the most. */
  readonly heaviest: number;
  readonly consumers: ReadonlySet<number>;
  readonly usd: number;
  readonly revisions: ReadonlySet<number>;
}

/** Somebody, as far as they can be told apart: a consumer's user, or else its address. */
export const partyOf = (consumer: number, user: number, client: number): number =>
  Math.imul(consumer ^ 0x9e3779b9, 0x85ebca6b) ^ (user !== 0 ? user : client);

export function whoWasHit(counts: Counts, suspicion: Suspicion): Hit {
  const { mark, places, since } = suspicion;
  const users = new HyperLogLog();
  const sessions = new HyperLogLog();
  const parties = new HyperLogLog();
  const byParty = new Map<number, number>();
  let events = 0;
  const consumers = new Set<number>();
  const revisions = new Set<number>();
  const ids: string[] = [];
  let usd = 0;
  if (mark) {
    for (const event of counts.events.since(since)) {
      if (event.mark !== mark.id || !places.some((place) => matches(counts, event.leaf, place))) continue;
      const consumer = counts.leaves.value(event.leaf, CONSUMER);
      if (event.user !== 0) users.add(event.user);
      if (event.session !== 0) sessions.add(event.session);
      const party = partyOf(consumer, event.user, event.client);
      parties.add(party);
      byParty.set(party, (byParty.get(party) ?? 0) + 1);
      events++;
      if (consumer > 1) consumers.add(consumer);
      revisions.add(counts.leaves.value(event.leaf, REVISION));
      if (event.usd > 0) usd += event.usd;
      if (ids.length < BAD_SHOWN && event.id !== '') ids.push(event.id);
    }
  }
  const heaviest = Math.max(0, ...byParty.values()) / Math.max(1, events);
  return { ids, users, sessions, parties, heaviest, consumers, usd, revisions };
}

export const scopeOf = (counts: Counts, place: readonly Where[]): Scope =>
  Object.fromEntries(
    place.map(({ dimension, value }) => [DIMENSIONS[dimension], counts.dictionary.name(dimension, value)]),
  );

/** Detector, signal, place and reason; no times and no values. */
export function fingerprintOf(counts: Counts, { detector, signal, reason, places }: Suspicion): string {
  const where = places
    .map((place) =>
      Object.entries(scopeOf(counts, place))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([dimension, value]) => `${dimension}=${value}`)
        .join('&'),
    )
    .sort()
    .join('|');
  return `${detector}/${signal}${reason === '' ? '' : `:${reason}`}/${where === '' ? '*' : where}`;
}

export interface Described {
  readonly fingerprint: string;
  readonly suspicion: Suspicion;
  readonly hit: Hit;
  readonly correlates: readonly Correlate[];
  readonly cause: Cause;
  readonly sinceAt: number;
  readonly revisions: readonly number[];
  readonly isPartial: boolean;
  readonly budgetBurnt: number | null;
}

export function describe(counts: Counts, of: Described): Detection {
  const { suspicion, hit, cause, correlates } = of;
  const { detector, reason, category, labels, since, bad, total } = suspicion;
  return {
    fingerprint: of.fingerprint,
    detector,
    reason,
    category,
    severity: suspicion.severity ?? severityOf(counts, suspicion),
    labels,
    what: whatOf(counts, suspicion),
    where: placeOf(counts, suspicion),
    when: timeOf(counts, suspicion, of.sinceAt),
    impact: { ...impactOf(hit, bad, total), budgetBurnt: of.budgetBurnt },
    correlates,
    cause,
    evidence: evidenceOf(counts, suspicion, hit),
    why: {
      detector,
      statistic: suspicion.statistic,
      threshold: suspicion.threshold,
      baseline: suspicion.baseline,
      sentence: suspicion.sentence,
    },
    revisions:
      hit.revisions.size > 0
        ? [...hit.revisions].sort((a, b) => a - b)
        : of.revisions.slice(since < 0 ? 0 : -1),
    isPartial: of.isPartial,
  };
}

function whatOf(counts: Counts, suspicion: Suspicion): Measured {
  const beside = otherReasons(counts, suspicion);
  return { ...(suspicion.measured ?? rateOf(suspicion)), ...(beside && { beside }) };
}

function rateOf({ signal, bad, total, expected }: Suspicion): Measured {
  const observed = bad / Math.max(1, total);
  const usual = expected / Math.max(1, total);
  return {
    signal,
    unit: 'rate',
    observed,
    expected: usual,
    ratio: usual > 0 ? observed / usual : null,
    interval: wilson({ bad, total }),
  };
}

function impactOf(hit: Hit, bad: number, total: number): Omit<Impact, 'budgetBurnt'> {
  return {
    requests: bad,
    share: total > 0 ? bad / total : 0,
    consumers: hit.consumers.size > 0 ? hit.consumers.size : null,
    users: hit.users.count > 0 ? hit.users.count : null,
    sessions: hit.sessions.count > 0 ? hit.sessions.count : null,
    usd: hit.usd > 0 ? hit.usd : null,
  };
}

/** From the share of all traffic that is hit, and of that at the place. */
function severityOf(counts: Counts, { bad, total, expected, signal, kind, since }: Suspicion): Severity {
  const whole = counts.seriesOf(WHOLE, 0, kind);
  const all = whole ? whole.sum(whole.totals, counts.tick, counts.tick - since + 1) : 0;
  const excess = Math.max(0, bad - expected);
  const ofAll = all > 0 ? excess / all : 0;
  const here = total > 0 ? excess / total : 0;
  // What was retried with success, or is only slow, hurts less.
  const weight =
    signal === 'errors' || signal === 'silent' || signal === 'context' || signal === 'stale' ? 1 : 0.4;
  if (weight * ofAll >= 0.2 || (weight * here >= 0.8 && ofAll >= 0.05)) return 'critical';
  if (weight * ofAll >= 0.02 || weight * here >= 0.25) return 'high';
  return weight * here >= 0.04 ? 'medium' : 'low';
}

function placeOf(counts: Counts, suspicion: Suspicion): FindingPlace {
  return {
    scopes: suspicion.places.map((place) => scopeOf(counts, place)),
    share: suspicion.share,
    normal: normalBeside(counts, suspicion),
  };
}

/** The siblings of a place's values that are as usual. */
function normalBeside(counts: Counts, { mark, places, kind, since }: Suspicion): FindingPlace['normal'] {
  if (!mark) return [];
  const named = new Map<number, Set<number>>();
  for (const { dimension, value } of places.flat()) {
    const values = named.get(dimension) ?? new Set();
    values.add(value);
    named.set(dimension, values);
  }
  const ticks = Math.min(RING, counts.tick - since + 1);
  return [...named].flatMap(([dimension, values]) => {
    const normal: { name: string; total: number }[] = [];
    for (const series of counts.series.values()) {
      if (series.dimension !== dimension || series.kind !== kind || values.has(series.value)) continue;
      const total = series.sum(series.totals, counts.tick, ticks);
      if (total < LEAST_REQUESTS) continue;
      const track = series.marks.get(mark.id);
      const bad = track ? series.sum(track.ring, counts.tick, ticks) : 0;
      const usual = counts.usual(series, mark.id);
      if (twoProportionZ({ bad, total }, { bad: usual * 10 * total, total: 10 * total }) > NORMAL_Z) continue;
      normal.push({ name: counts.dictionary.name(dimension, series.value), total });
    }
    const shown = normal.sort((a, b) => b.total - a.total).slice(0, MOST_NORMAL);
    return shown.length === 0
      ? []
      : [{ dimension: DIMENSIONS[dimension] as Dimension, values: shown.map(({ name }) => name) }];
  });
}

function timeOf(counts: Counts, { mark, places, kind, since }: Suspicion, sinceAt: number): FindingTime {
  const [place] = places;
  const [first] = place ?? [];
  const series = counts.seriesOf(first?.dimension ?? WHOLE, first?.value ?? 0, kind);
  const track = mark && series?.marks.get(mark.id);
  if (!track || !series) return { since: sinceAt, until: null, pattern: 'unknown' };
  const from = Math.max(since, counts.tick - RING + 1, 0);
  const rates: number[] = [];
  for (let at = from; at <= counts.tick; at++) {
    const total = series.totals[at % RING] as number;
    if (total > 0) rates.push((track.ring[at % RING] as number) / total);
  }
  return { since: sinceAt, until: null, pattern: patternOf(rates) };
}

const PATTERN_TICKS = 6;

function patternOf(rates: readonly number[]): FindingTime['pattern'] {
  if (rates.length < PATTERN_TICKS) return 'unknown';
  if (trendOf(rates).z > 3) return 'growing';
  const quiet = rates.filter((rate) => rate === 0).length;
  return quiet > rates.length / 3 ? 'bursts' : 'constant';
}

function evidenceOf(counts: Counts, { places, kind, events }: Suspicion, hit: Hit): Evidence {
  const inside: string[] = [];
  const beside: string[] = [];
  const { leaves } = counts;
  for (let leaf = 0; leaf < leaves.end && inside.length < GOOD_SHOWN; leaf++) {
    if (!leaves.isUsed(leaf) || leaves.value(leaf, DIMENSIONS.length) !== kind) continue;
    const ids = leaves.good[leaf] ?? [];
    if (ids.length === 0) continue;
    const is = places.some((place) => matches(counts, leaf, place));
    if (is) inside.push(...ids);
    else if (beside.length < GOOD_SHOWN) beside.push(...ids);
  }
  return {
    bad: hit.ids,
    good: [...inside, ...beside].filter((id) => id !== '').slice(0, GOOD_SHOWN),
    events: events ?? [],
  };
}
