import type { Engine, RatePoint } from '../../contracts/engine.ts';
import type { Report } from '../feedback/report.ts';
import { type Episode, episodesOf } from '../findings/episodes.ts';
import { type Finding, isOver } from '../findings/finding.ts';
import { meanScore, netPromoterScore, type Score } from './score-interval.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Times in milliseconds, shares from 0 to 1; null: nothing to go by yet. */
export interface Kpis {
  readonly from: number;
  readonly to: number;
  /** Mean times are by episode: what came back is found, taken on and resolved anew. */
  readonly meanTimeToDetect: number | null;
  readonly meanTimeToAcknowledge: number | null;
  readonly meanTimeToResolve: number | null;
  readonly availability: number | null;
  /** Of the last ten minutes, whatever the stretch. */
  readonly p95: number | null;
  readonly objectives: readonly {
    readonly name: string;
    readonly isMet: boolean | null;
    readonly burn: number | null;
    readonly budgetLeft: number | null;
  }[];
  readonly findings: { readonly opened: number; readonly resolved: number; readonly open: number };
  /** Of those that were resolved, those that came back. */
  readonly reopenedShare: number | null;
  readonly newUrgentPerDay: number;
  readonly actedOnShare: number | null;
  readonly securityEvents: number;
  readonly feedback: { readonly reports: number; readonly perThousandUsers: number | null };
  readonly csat: Score | null;
  readonly nps: Score | null;
}

export interface KpiSources {
  readonly findings: readonly Finding[];
  readonly reports: readonly Report[];
  readonly engine: Pick<Engine, 'queries'>;
  /** As the config says; absent: nobody knows, as only who was hit is told apart. */
  readonly users: number | undefined;
}

/** How the care does in a stretch of time. */
export async function kpisOf(
  { findings, reports, engine, users }: KpiSources,
  from: number,
  to: number,
): Promise<Kpis> {
  const within = (at: number): boolean => at >= from && at < to;
  const facts = findings.map(factsOf);
  const opened = facts.filter(({ openedAt }) => within(openedAt));
  const resolved = facts.filter(({ resolvedAt }) => resolvedAt !== null && within(resolvedAt));
  const episodes = facts.flatMap((each) => each.episodes);
  const begun = episodes.filter(({ openedAt }) => within(openedAt));
  const everResolved = facts.filter(({ resolutions }) => resolutions.some(within));
  const said = reports.filter(({ at }) => within(at));
  const [{ p95 }, objectives, availability] = await Promise.all([
    engine.queries.figures({}),
    engine.queries.objectives(),
    availabilityOf(engine, from, to),
  ]);
  const scores = (kind: Report['scoreKind']): number[] =>
    said.flatMap(({ score, scoreKind }) => (scoreKind === kind && score !== null ? [score] : []));
  return {
    from,
    to,
    meanTimeToDetect: meanTime(begun, 'since', 'openedAt'),
    meanTimeToAcknowledge: meanTime(begun, 'openedAt', 'takenOnAt'),
    meanTimeToResolve: meanTime(
      episodes.filter(({ resolvedAt }) => resolvedAt !== undefined && within(resolvedAt)),
      'openedAt',
      'resolvedAt',
    ),
    availability,
    p95,
    objectives: objectives.map(({ name, isMet, burn, budgetLeft }) => ({ name, isMet, burn, budgetLeft })),
    findings: {
      opened: opened.length,
      resolved: resolved.length,
      open: facts.filter(({ isOpen }) => isOpen).length,
    },
    reopenedShare:
      everResolved.length === 0
        ? null
        : everResolved.filter(({ hasComeBack }) => hasComeBack).length / everResolved.length,
    newUrgentPerDay: opened.filter(({ isUrgent }) => isUrgent).length / Math.max(1, (to - from) / DAY_MS),
    actedOnShare:
      opened.length === 0
        ? null
        : opened.filter(({ episodes: of }) => of.some(({ takenOnAt }) => takenOnAt !== undefined)).length /
          opened.length,
    securityEvents: opened.filter(({ isSecurity }) => isSecurity).length,
    feedback: {
      reports: said.reduce((sum, { count }) => sum + count, 0),
      perThousandUsers: users === undefined ? null : (said.length / users) * 1000,
    },
    csat: meanScore(scores('csat'), [1, 5]),
    nps: netPromoterScore(scores('nps')),
  };
}

/** Share of requests that were answered as they should be; null: there were none. */
async function availabilityOf(
  { queries }: KpiSources['engine'],
  from: number,
  to: number,
): Promise<number | null> {
  // Minutes are kept for two weeks, and of a day there are few enough to be sent.
  const step = to - from <= DAY_MS ? 'minute' : 'hour';
  const [errors, silent] = await Promise.all(
    ['errors', 'silent'].map((signal) => queries.rates({ signal, scope: {}, from, to, step })),
  );
  const sum = (points: readonly RatePoint[] = [], of: 'bad' | 'total'): number =>
    points.reduce((all, point) => all + point[of], 0);
  const total = sum(errors, 'total');
  return total === 0 ? null : Math.max(0, 1 - (sum(errors, 'bad') + sum(silent, 'bad')) / total);
}

/** What of a finding the figures are made of. */
interface Facts {
  readonly openedAt: number;
  readonly resolvedAt: number | null;
  readonly episodes: readonly Episode[];
  /** When it was resolved, each time. */
  readonly resolutions: readonly number[];
  readonly isOpen: boolean;
  readonly isUrgent: boolean;
  readonly isSecurity: boolean;
  readonly hasComeBack: boolean;
}

/** Findings are never changed in place, and reading thousands with their histories takes 20 ms: each is read once. */
const known = new WeakMap<Finding, Facts>();

function factsOf(finding: Finding): Facts {
  const held = known.get(finding) ?? readFacts(finding);
  known.set(finding, held);
  return held;
}

function readFacts(finding: Finding): Facts {
  const { openedAt, resolvedAt, history, priority, category, timesRegressed } = finding;
  return {
    openedAt,
    resolvedAt,
    episodes: episodesOf(finding),
    resolutions: history.flatMap(({ to, at }) => (to === 'resolved' ? [at] : [])),
    isOpen: !isOver(finding),
    isUrgent: priority <= 'P1',
    isSecurity: category === 'security',
    hasComeBack: timesRegressed > 0,
  };
}

/** Milliseconds from one time to another, of the episodes that have both. */
const meanTime = (episodes: readonly Episode[], from: keyof Episode, to: keyof Episode): number | null =>
  mean(
    episodes.flatMap(({ [from]: began, [to]: ended }) =>
      began === undefined || ended === undefined ? [] : [Math.max(0, ended - began)],
    ),
  );

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
