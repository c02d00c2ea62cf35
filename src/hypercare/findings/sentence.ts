import type { Detection, FindingPlace } from '../../contracts/finding.ts';
import type { Scope } from '../../contracts/signal.ts';
import { clock, figure, many, span, whole } from './figures.ts';
import type { Finding } from './finding.ts';

/** What happened to the requests, by the name of the signal. What is not here is said by its name. */
const SIGNALS: Readonly<Record<string, string>> = {
  errors: 'failed',
  slow: 'were slow',
  'first-token': 'began to answer late',
  empty: 'were answered with nothing',
  truncated: 'broke off',
  no_finish_reason: 'ended without a finish reason',
  tool_call_malformed: 'held a malformed tool call',
  schema_failed: 'broke the schema of their prompt',
  schema: 'broke the contract',
  contract: 'broke the contract',
  context: 'lost hold of their conversation',
  continuity: 'had lost their conversation',
  access: 'were refused',
  outdated: 'were held against their origin, and the cache had given what it no longer says',
  stale: 'were answered from a stale cache',
  fallback: 'were answered by a fallback',
  'unused-fallback': 'failed while their fallback stood by',
  drift: 'were unlike what is usual',
  voice: 'were complained about',
};

/** `route checkout, target b`; `everywhere` where nothing tells the place apart. */
export function placeWords(place: Pick<FindingPlace, 'scopes'>): string {
  const words = place.scopes.map(scopeWords).filter((word) => word !== '');
  return words.length === 0 ? 'everywhere' : words.join(' and ');
}

export function scopeWords(scope: Scope): string {
  return Object.entries(scope)
    .map(([dimension, value]) => `${dimension === 'promptVersion' ? 'prompt version' : dimension} ${value}`)
    .join(', ');
}

/** Something is in a bad state, which is no share of requests. */
const isState = ({ what }: Pick<Detection, 'what'>): boolean => what.signal === 'state';

/** One line: what and where. */
export function titleOf({ what, where, reason, detector }: Detection): string {
  if (isState({ what })) return `${placeWords(where)}: ${reason.replaceAll('_', ' ')}`.slice(0, 200);
  const kind = reason === '' ? '' : ` (${reason})`;
  return `${placeWords(where)}: ${signalTitle(what.signal, detector)}${kind}`.slice(0, 200);
}

const signalTitle = (signal: string, detector: string): string =>
  signal === detector || signal === '' ? detector.replaceAll('-', ' ') : signal.replaceAll('_', ' ');

/**
 * The finding as one would tell it to a colleague: how many, where, since when, what is usual, what is not concerned,
 * what it began with, what to do, and what to expect of that. What is not known is said to be unknown.
 */
export function sentenceOf(finding: Omit<Finding, 'sentence'>): string {
  return [
    happened(finding),
    placed(finding),
    began(finding),
    advised(finding),
    `Confidence ${finding.cause.confidence.toFixed(2).replace(/^0/, '')}.`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function happened(finding: Omit<Finding, 'sentence'>): string {
  const { what, where, when, impact, reason, isPartial } = finding;
  // What is in a bad state has no share: why it was flagged says all of it.
  if (isState(finding)) return `${finding.why.sentence} Since ${clock(when.since)}.`;
  const verb = SIGNALS[what.signal] ?? `had ${what.signal.replaceAll('_', ' ')}`;
  const until = when.until === null ? '' : ` and ${clock(when.until, when.since)}`;
  const time = until === '' ? `since ${clock(when.since)}` : `between ${clock(when.since)}${until}`;
  const people = [
    impact.consumers === null ? '' : many(impact.consumers, 'consumer'),
    impact.users === null ? '' : many(impact.users, 'user'),
    impact.usd === null ? '' : figure(impact.usd, 'usd'),
  ].filter((part) => part !== '');
  const of = impact.share > 0 ? ` of ${whole(impact.requests / impact.share)}` : '';
  const counts = `(${[`${whole(impact.requests)}${of}`, ...people].join('; ')})`;
  const why = reason === '' ? '' : ` with ${reason}`;
  const partial = isPartial ? ' Counted on a part of the replicas only.' : '';
  const subject =
    what.unit === 'rate'
      ? `${figure(what.observed, 'rate')} of requests ${counts} ${verb}${why}`
      : `${what.signal.replaceAll('_', ' ')} is ${figure(what.observed, what.unit)} ${counts}${why}`;
  return `${placeWords(where)}: ${subject} ${time}; usual ${figure(what.expected, what.unit)}.${partial}`;
}

function placed(finding: Omit<Finding, 'sentence'>): string {
  if (isState(finding)) return '';
  const { where } = finding;
  const normal = where.normal
    .filter(({ values }) => values.length > 0)
    .map(({ dimension, values }) => `${dimension} ${listed(values)}`);
  const beside =
    normal.length === 0 ? '' : `; ${normal.join('; ')} ${normal.length > 1 ? 'are' : 'is'} normal`;
  if (where.scopes.length === 0) return '';
  return `${figure(where.share, 'rate')} of the excess is there${beside}.`;
}

const MOST_LISTED = 5;
const listed = (values: readonly string[]): string =>
  values.length > MOST_LISTED
    ? `${values.slice(0, MOST_LISTED).join(', ')} and ${values.length - MOST_LISTED} more`
    : values.join(', ');

function began({ cause }: Omit<Finding, 'sentence'>): string {
  const { change, sentence, kind } = cause;
  if (change === null) return sentence === '' || kind === 'unknown' ? 'Cause unknown.' : sentence;
  const { secondsBefore } = change;
  const before = `${span(secondsBefore * 1000)} ${secondsBefore < 0 ? 'before' : 'after'}`;
  const moved = change.from === '' && change.to === '' ? '' : ` (${change.from} → ${change.to})`;
  return `Began ${before} ${change.kind} ${change.subject}${moved}.`;
}

function advised({ actions, expected, what, verification, state }: Omit<Finding, 'sentence'>): string {
  if (state === 'resolved' && verification !== null)
    return `Fixed, proven on ${whole(verification.total)} requests (${verification.claim}).`;
  const best = actions.find(({ dryRun, status }) => dryRun.ok && status === 'offered');
  if (best === undefined) return 'No safe action is known.';
  const attached = best.does.patch.length > 0 ? ' (patch attached)' : '';
  if (expected === null) return `${best.title}${attached}.`;
  const unit = what.unit === 'rate' ? 'rate' : what.unit;
  return `${best.title}${attached}; expect under ${figure(expected.target, unit)} within ${span(expected.withinMs)}.`;
}
