import { duration, percent } from '../lib/format.ts';

interface Score {
  readonly value: number;
  readonly interval: readonly [number, number];
  readonly responses: number;
}

export interface Kpis {
  readonly meanTimeToDetect: number | null;
  readonly meanTimeToAcknowledge: number | null;
  readonly meanTimeToResolve: number | null;
  readonly availability: number | null;
  readonly p95: number | null;
  readonly findings: { readonly opened: number; readonly resolved: number; readonly open: number };
  readonly reopenedShare: number | null;
  readonly newUrgentPerDay: number;
  readonly actedOnShare: number | null;
  readonly securityEvents: number;
  readonly feedback: { readonly reports: number; readonly perThousandUsers: number | null };
  readonly csat: Score | null;
  readonly nps: Score | null;
}

/** A figure of surveys with its interval: without it a score says little. */
export const ScoreShown = ({ name, score }: { name: string; score: Score | null }) => (
  <span class="kpi">
    <b>{score === null ? '–' : score.value.toFixed(1)}</b> {name}
    <span class="muted">
      {score === null
        ? 'nobody has answered yet'
        : `${score.interval[0].toFixed(1)} to ${score.interval[1].toFixed(1)}, ${score.responses} answers`}
    </span>
  </span>
);

const or = (value: number | null, shown: (value: number) => string): string =>
  value === null ? '–' : shown(value);

/** How the care does. */
export function KpisShown({ kpis }: { kpis: Kpis }) {
  const figures: readonly [string, string][] = [
    ['to detect', or(kpis.meanTimeToDetect, duration)],
    ['to acknowledge', or(kpis.meanTimeToAcknowledge, duration)],
    ['to resolve', or(kpis.meanTimeToResolve, duration)],
    ['availability', or(kpis.availability, percent)],
    ['p95 now', or(kpis.p95, duration)],
    ['open', String(kpis.findings.open)],
    ['opened', String(kpis.findings.opened)],
    ['resolved', String(kpis.findings.resolved)],
    ['reopened', or(kpis.reopenedShare, percent)],
    ['acted on', or(kpis.actedOnShare, percent)],
    ['P0 and P1 a day', kpis.newUrgentPerDay.toFixed(1)],
    ['security events', String(kpis.securityEvents)],
  ];
  return (
    <div class="row">
      {figures.map(([name, value]) => (
        <span key={name} class="kpi">
          <b>{value}</b> {name}
        </span>
      ))}
      <ScoreShown name="CSAT" score={kpis.csat} />
      <ScoreShown name="NPS" score={kpis.nps} />
    </div>
  );
}
