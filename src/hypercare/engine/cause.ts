import type { Cause, CauseKind, Correlate } from '../../contracts/finding.ts';
import type { Scope } from '../../contracts/signal.ts';
import { DIMENSIONS } from '../../record/signals/layout.ts';
import type { Counts } from '../signals/counts.ts';
import { RING } from '../signals/leaves.ts';
import { matches, ticksOfPlace, type Where } from './place.ts';
import type { Suspicion } from './suspicion.ts';

/** A change of state as the engine keeps it. */
export interface KnownChange {
  readonly at: number;
  readonly tick: number;
  /** A `StateKind`. */
  readonly kind: string;
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly by?: string;
  /** What it touches; undefined: nobody knows. Empty: nothing. */
  readonly scopes: readonly Scope[] | undefined;
}

/** What a change of a kind makes the cause. A kind that is missing is a symptom: it follows from something. */
const CAUSES: Readonly<Record<string, CauseKind>> = {
  revision: 'config',
  release: 'release',
  prompt: 'prompt',
  key: 'key',
  certificate: 'certificate',
  target: 'config',
};
/** Seconds after which half of a change's closeness in time is gone, for ticks of ten seconds. */
const HALF_TIME_TICKS = 18;
/** Changes so many ticks before the beginning are looked at: half an hour. */
export const BACK = 180;
/** Changes that are kept: the last hours of them. */
export const MOST_CHANGES = 1000;
/** A change is a little after the beginning where the tick's edge lies between them. */
const AFTER = 1;
/** Of a change of which nobody knows what it touches. */
const UNKNOWN_SCOPE = 0.5;
/** From here on a change is called the cause. */
const LEAST_SCORE = 0.25;
const REVISION = DIMENSIONS.indexOf('revision');

/** Changes of state near a beginning, the likeliest first, and what is taken for the cause. */
export function explain(
  counts: Counts,
  suspicion: Suspicion,
  changes: readonly KnownChange[],
  sinceAt: number,
): { correlates: Correlate[]; cause: Cause } {
  const near = changes
    .filter(({ tick }) => tick >= suspicion.since - BACK && tick <= suspicion.since + AFTER)
    .map((change) => ({ change, score: scoreOf(counts, suspicion, change) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, 10);
  const correlates = near.map(({ change, score }): Correlate => {
    const { tick: _, reason: __, scopes: ___, ...known } = change;
    return { ...known, secondsBefore: Math.round((sinceAt - change.at) / 1000), score };
  });
  const first = near.findIndex(
    ({ change, score }) => change.kind in CAUSES && !isStart(change) && score >= LEAST_SCORE,
  );
  const best = near[first];
  // A detector that has seen who does it (an abused key, a loop) knows better than the calendar.
  if (suspicion.cause && (suspicion.cause.confidence >= 0.6 || !best))
    return { correlates, cause: suspicion.cause };
  if (!best) return { correlates, cause: structural(counts, suspicion) };
  const { change, score } = best;
  const kind = CAUSES[change.kind] as CauseKind;
  const correlate = correlates[first] as Correlate;
  const seconds = correlate.secondsBefore;
  const when = seconds >= 0 ? `${seconds} s after` : 'together with';
  return {
    correlates,
    cause: {
      kind,
      sentence: `It began ${when} ${wordsOf(change)}.`,
      confidence: Math.min(0.97, 0.45 + 0.5 * score),
      change: correlate,
    },
  };
}

/** The revision with which the process began: nothing was before it, so nothing can have been better. */
const isStart = ({ kind, from }: KnownChange): boolean => kind === 'revision' && from === '';

const wordsOf = ({ kind, subject, from, to }: KnownChange): string =>
  kind === 'revision'
    ? `revision ${to} of the config`
    : `the ${kind} change of ${subject}${from === '' && to === '' ? '' : ` (${from || 'none'} → ${to || 'none'})`}`;

function scoreOf(counts: Counts, suspicion: Suspicion, change: KnownChange): number {
  const gap = Math.max(0, suspicion.since - change.tick);
  const time = 2 ** (-gap / HALF_TIME_TICKS);
  return (
    time *
    overlapOf(counts, suspicion, change) *
    stepOf(counts, suspicion, change) *
    doseOf(counts, suspicion, change)
  );
}

/** How much of what is bad lies in what the change touches. */
function overlapOf(counts: Counts, suspicion: Suspicion, { scopes }: KnownChange): number {
  if (scopes === undefined) return UNKNOWN_SCOPE;
  if (scopes.length === 0) return 0;
  const wanted = scopes.map((scope) => conditionsOf(counts, scope));
  let inside = 0;
  let all = 0;
  eachLeaf(counts, suspicion, (leaf, weight) => {
    all += weight;
    if (wanted.some((conditions) => matches(counts, leaf, conditions))) inside += weight;
  });
  return all === 0 ? 0 : inside / all;
}

/** Whether the counts rise at the change more than at other times: the share of other moments with a smaller step. */
function stepOf(counts: Counts, suspicion: Suspicion, change: KnownChange): number {
  const [place] = suspicion.places;
  if (!suspicion.mark || !place) return 0.7;
  const from = Math.max(0, counts.tick - RING + 1);
  if (change.tick <= from + 2) return 0.7;
  const { bad, total } = ticksOfPlace(counts, suspicion.mark, place, suspicion.kind, from);
  const stepAt = (at: number): number =>
    rate(bad, total, at, at + 4) - rate(bad, total, Math.max(0, at - 4), at);
  const at = Math.max(change.tick, suspicion.since) - from;
  const own = stepAt(at);
  const others = Array.from({ length: Math.max(0, bad.length - 6) }, (_, i) => i + 3).filter(
    (other) => Math.abs(other - at) > 3,
  );
  if (others.length === 0) return 0.8;
  return 0.3 + 0.7 * (others.filter((other) => stepAt(other) < own).length / others.length);
}

function rate(bad: readonly number[], total: readonly number[], from: number, to: number): number {
  let b = 0;
  let t = 0;
  for (let at = from; at < Math.min(to, bad.length); at++) {
    b += bad[at] as number;
    t += total[at] as number;
  }
  return t === 0 ? 0 : b / t;
}

/** Of a revision: whether what is bad was served by it, where both the old and the new one served. */
function doseOf(counts: Counts, suspicion: Suspicion, change: KnownChange): number {
  if (change.kind !== 'revision') return 0.95;
  const revision = Number(change.to) & 0xffff;
  let badNew = 0;
  let badOld = 0;
  eachLeaf(counts, suspicion, (leaf, weight) => {
    if (counts.leaves.value(leaf, REVISION) >= revision) badNew += weight;
    else badOld += weight;
  });
  if (badNew + badOld === 0) return 0.9;
  return badNew / (badNew + badOld);
}

/** Leaves of a suspicion's places, each with its bad ones since the beginning (or its signals, where none are counted). */
function eachLeaf(counts: Counts, suspicion: Suspicion, take: (leaf: number, weight: number) => void): void {
  const { leaves, tick } = counts;
  const { mark, places } = suspicion;
  const from = Math.max(suspicion.since, tick - RING + 1, 0);
  const cells = mark && counts.cells(mark.id);
  for (let leaf = 0; leaf < leaves.end; leaf++) {
    if (!leaves.isUsed(leaf) || !places.some((place) => matches(counts, leaf, place))) continue;
    let weight = 0;
    const cell = cells?.of(leaf);
    if (cells && !cell) continue;
    for (let at = from; at <= tick; at++)
      weight += cell ? (cell.ring[at % RING] as number) : leaves.total(leaf, at);
    if (weight > 0) take(leaf, weight);
  }
}

function conditionsOf(counts: Counts, scope: Scope): Where[] {
  return DIMENSIONS.flatMap((name, dimension) => {
    const value = scope[name];
    return value === undefined ? [] : [{ dimension, value: counts.dictionary.of(dimension, value) }];
  });
}

/** Reasons that say that there was more to do than could be done. */
const CAPACITY: ReadonlySet<string> = new Set([
  'overloaded',
  'concurrency_limited',
  'upstream_unavailable',
  'upstream_503',
]);

/** Of what has drifted, what lies in the questions. */
const ASKED: ReadonlySet<string> = new Set(['language', 'prompt_length']);

/** Without a change: what the place and the kind of signal say. */
function structural(counts: Counts, suspicion: Suspicion): Cause {
  const { signal, reason } = suspicion;
  const holds = (name: (typeof DIMENSIONS)[number]): string | undefined => {
    const dimension = DIMENSIONS.indexOf(name);
    const names = suspicion.places.flatMap((place) =>
      place
        .filter((each) => each.dimension === dimension)
        .map(({ value }) => counts.dictionary.name(dimension, value)),
    );
    return names.length === 0 ? undefined : [...new Set(names)].join(', ');
  };
  const say = (kind: CauseKind, sentence: string, confidence: number): Cause => ({
    kind,
    sentence,
    confidence,
    change: null,
  });
  if (signal === 'stale') return say('cache', 'Answers kept by the cache are older than they may be.', 0.8);
  if (signal === 'outdated')
    return say('cache', 'What the cache gives is not what its origin says any more.', 0.85);
  if (signal === 'context')
    return say('context', `Conversations don’t go on as they should: ${reason}.`, 0.75);
  if (signal === 'loop') return say('loop', 'The same call is made again and again.', 0.8);
  if (signal === 'contract') return say('contract', `What passes breaks the contract: ${reason}.`, 0.7);
  if (signal === 'fallback')
    return say('provider', 'Whoever is asked first does not answer, and others stand in.', 0.6);
  const promptVersion = holds('promptVersion');
  if (promptVersion !== undefined)
    return say('prompt', `Only version ${promptVersion} of prompt ${holds('prompt') ?? ''} is hit.`, 0.8);
  if (signal === 'drift' && ASKED.has(reason))
    return say('client', `What is asked has changed (${reason.replace('_', ' ')}), not who answers it.`, 0.6);
  if (CAPACITY.has(reason) && holds('target') === undefined)
    return say('capacity', `There is more to do than can be done: ${reason}.`, 0.6);
  const model = holds('model');
  const target = holds('target');
  const provider = holds('provider');
  if (target !== undefined && provider === undefined)
    return say('target', `Only target ${target} is hit; its siblings are as usual.`, 0.85);
  if (provider !== undefined) return say('provider', `Only provider ${provider} is hit.`, 0.8);
  if (holds('consumer') !== undefined)
    return say(
      'client',
      `Only consumer ${holds('consumer')} is hit: others use the same without trouble.`,
      0.6,
    );
  if (model !== undefined)
    return say('provider', `Calls to model ${model} are hit, whoever makes them.`, 0.6);
  const upstream = holds('upstream') ?? holds('route');
  if (upstream !== undefined && holds('region') === undefined)
    return say(
      'upstream',
      `Everything that goes to ${upstream} is hit alike, and nothing was changed here.`,
      0.6,
    );
  return say('unknown', 'Nothing that was changed explains it.', 0.2);
}
