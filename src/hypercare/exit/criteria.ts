import type { GatewayConfig } from '../../config/schema/index.ts';
import type { EngineStatus, ObjectiveState } from '../../contracts/engine.ts';
import type { Priority } from '../../contracts/finding.ts';
import { span } from '../findings/figures.ts';
import type { Finding } from '../findings/finding.ts';
import type { Score } from '../kpis/score-interval.ts';
import { becameUrgentAt, openAs, wasOverBy } from './past.ts';

type Criterion = GatewayConfig['hypercare']['exit'][number];
export type Verdict = 'pass' | 'fail' | 'insufficient';

export interface Judged {
  readonly name: string;
  readonly verdict: Verdict;
  /** One line each: what was looked at, and what it showed. */
  readonly evidence: readonly string[];
}

export interface ExitFacts {
  readonly now: number;
  /** When the window began; null: it has no beginning. */
  readonly start: number | null;
  readonly findings: readonly Finding[];
  readonly objectives: readonly ObjectiveState[];
  readonly csat: Score | null;
  readonly nps: Score | null;
  readonly engine: Pick<EngineStatus, 'state' | 'isPartial'>;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Judges one criterion. All parts of it must pass; what is not known blocks, unless a part failed. */
export function judge(criterion: Criterion, facts: ExitFacts): Judged {
  const { name, maxOpen, maxNewPerDay, objectives, csat, nps, minResponses = 0 } = criterion;
  const forMs = criterion.for ?? 0;
  const parts: Part[] = [];
  if (maxOpen) parts.push(lasted(forMs, facts), ...mostOpen(maxOpen, forMs, facts));
  if (maxNewPerDay) parts.push(lasted(forMs, facts), ...mostNew(maxNewPerDay, forMs, facts));
  if (objectives) parts.push(...met(objectives, forMs, facts));
  if (csat !== undefined) parts.push(scored('CSAT', facts.csat, csat, minResponses));
  if (nps !== undefined) parts.push(scored('NPS', facts.nps, nps, minResponses));
  if (parts.length === 0)
    parts.push(['insufficient', 'the criterion asks for nothing: name what it is about']);
  if (facts.engine.state !== 'running')
    parts.push(['insufficient', `the engine is ${facts.engine.state}: nobody looks`]);
  if (facts.engine.isPartial) parts.push(['insufficient', 'a part of the replicas is not counted']);
  const verdicts = parts.map(([verdict]) => verdict);
  const verdict = verdicts.includes('fail')
    ? 'fail'
    : verdicts.includes('insufficient')
      ? 'insufficient'
      : 'pass';
  return { name, verdict, evidence: [...new Set(parts.map(([part, text]) => `${part}: ${text}`))] };
}

type Part = readonly [Verdict, string];

function lasted(forMs: number, { now, start }: ExitFacts): Part {
  if (start === null) return ['insufficient', 'the window has no start (hypercare.window.start)'];
  const sofar = now - start;
  if (sofar < forMs)
    return ['insufficient', `the window has lasted ${span(Math.max(0, sofar))} of ${span(forMs)}`];
  return ['pass', `the window has lasted ${span(sofar)}`];
}

function mostOpen(
  most: Readonly<Record<string, number>>,
  forMs: number,
  { now, findings }: ExitFacts,
): Part[] {
  return Object.entries(most).map(([priority, limit]) => {
    const peak = peakOpen(findings, priority as Priority, { from: now - forMs, to: now });
    const text = `${peak.count} ${priority} open at once at most within ${span(forMs)}, ${limit} allowed${peak.ids}`;
    return [peak.count > limit ? 'fail' : 'pass', text];
  });
}

/** How many had the priority while they were open at the same time, at most. */
function peakOpen(
  findings: readonly Finding[],
  priority: Priority,
  { from, to }: { from: number; to: number },
): { count: number; ids: string } {
  const spans = findings
    .filter((finding) => !wasOverBy(finding, from))
    .flatMap((finding) => openAs(finding, priority, to).map((span) => ({ id: finding.id, ...span })))
    .filter(({ begin, end }) => begin <= to && end >= from);
  // The peak is at a beginning, and what is open there has begun by then and not ended before.
  const begins = spans.map(({ begin }) => Math.max(from, begin)).sort((a, b) => a - b);
  const ends = spans.map(({ end }) => end).sort((a, b) => a - b);
  let count = 0;
  let peak = from;
  for (let begun = 1, ended = 0; begun <= begins.length; begun++) {
    const at = begins[begun - 1] as number;
    while (ended < ends.length && (ends[ended] as number) < at) ended++;
    if (begun - ended > count) [count, peak] = [begun - ended, at];
  }
  const open = spans.filter(({ begin, end }) => begin <= peak && end >= peak);
  return {
    count,
    ids:
      open.length === 0
        ? ''
        : ` (${open
            .map(({ id }) => id)
            .slice(0, 5)
            .join(', ')})`,
  };
}

function mostNew(
  most: Readonly<Record<string, number>>,
  forMs: number,
  { now, findings }: ExitFacts,
): Part[] {
  const days = Math.max(1, Math.ceil(forMs / DAY_MS));
  return Object.entries(most).map(([priority, limit]) => {
    const recent = findings.filter((each) => !wasOverBy(each, now - days * DAY_MS));
    const becameAt = recent.flatMap((each) => becameUrgentAt(each, priority as Priority) ?? []);
    const perDay = Array.from({ length: days }, (_, day) => {
      const end = now - day * DAY_MS;
      return becameAt.filter((at) => at > end - DAY_MS && at <= end).length;
    });
    const worst = Math.max(...perDay);
    const text = `${worst} new ${priority} on the worst of ${days} days, ${limit} allowed`;
    return [worst > limit ? 'fail' : 'pass', text];
  });
}

function met(wanted: 'all' | readonly string[], forMs: number, { now, objectives }: ExitFacts): Part[] {
  const chosen = wanted === 'all' ? objectives : objectives.filter(({ name }) => wanted.includes(name));
  if (chosen.length === 0) return [['insufficient', 'there is no objective to go by']];
  return chosen.map(({ name, isMet, since, bad, total, budgetLeft }) => {
    const counts = `${bad} of ${total} bad${budgetLeft === null ? '' : `, ${Math.round(budgetLeft * 100)} % of the budget left`}`;
    if (isMet === false) return ['fail', `${name}: ${counts}`];
    if (isMet === null || since === null) return ['insufficient', `${name}: too little traffic (${total})`];
    if (now - since < forMs)
      return ['insufficient', `${name}: watched for ${span(now - since)} of ${span(forMs)}`];
    return ['pass', `${name}: ${counts}`];
  });
}

function scored(what: string, score: Score | null, wanted: number, least: number): Part {
  const responses = score?.responses ?? 0;
  if (score === null || responses < least)
    return ['insufficient', `${what}: ${responses} of ${least} responses`];
  const [low, high] = score.interval;
  const text = `${what} ${score.value} (95 %: ${low} to ${high}; ${responses} responses), ${wanted} wanted`;
  return [score.value >= wanted ? 'pass' : 'fail', text];
}
