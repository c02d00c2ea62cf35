import type { Machine } from './machine.ts';
import type { Effort, Findings } from './suite.ts';
import { percent, short } from './wording.ts';

/** Everything that `bench/results/<suite>.json` holds. */
export interface Report {
  suite: string;
  what: string;
  date: string;
  commit: string;
  command: string;
  machine: Machine;
  /** Load average before the run. */
  loadAverageBefore: number;
  /** Share of the machine's time in the run that went to nobody of the bench: 0 to 1, as `watchOtherWork` tells it. */
  otherWork: number;
  versions: Record<string, string>;
  effort: Effort;
  findings: Findings;
}

/** Share of the machine from which on other work is said to have disturbed a run. */
export const DISTURBING = 0.03;
/** And from which on the run is nothing to be kept. */
const SPOILING = 0.1;
/** Fewer have no interval that could be relied on. */
const LEAST_ROUNDS = 5;

/** Why a run is no result to be kept; null if it is one. */
export function refusal({ effort, otherWork }: Pick<Report, 'effort' | 'otherWork'>): string | null {
  if (effort.rounds < LEAST_ROUNDS) return `${effort.rounds} rounds are fewer than ${LEAST_ROUNDS}`;
  if (otherWork > SPOILING) return `other work had ${percent(otherWork)} of the machine`;
  return null;
}

/** Less than a hundredth can't be told: it is the difference of two accounts. */
const LEAST_SHARE = 0.01;
const otherWorkOf = (share: number): string => (share < LEAST_SHARE ? '< 1 %' : percent(share));

/** The report for people. */
export function markdown(report: Report): string {
  const { machine, findings, otherWork } = report;
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  const facts = [
    `\`${report.command}\` · ${report.date} UTC · commit ${report.commit}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGigabytes} GB, ${machine.kernel}; load average before: ${short(report.loadAverageBefore)}; other work in the run: ${otherWorkOf(otherWork)} of the machine`,
    versions.join(', '),
    findings.effort ?? `${report.effort.rounds} rounds`,
    ...findings.facts,
    ...findings.missing.map(({ subject, why }) => `**missing: ${subject}**, ${why}`),
    ...(findings.leftOut ?? []).map(({ subject, of, why }) => `**left out: ${subject}** of "${of}", ${why}`),
  ];
  if (otherWork > DISTURBING)
    facts.unshift(
      '**Taken while the machine was shared with other work: ratios within a round say something, absolute figures little.**',
    );
  const why = refusal(report);
  if (why !== null) facts.unshift(`**Kept nevertheless (--anyway): ${why}.**`);
  const failed = findings.bottlenecks.map((what) => `- **the load was the bottleneck: ${what}**`);
  return [
    `# ${report.suite}: ${report.what}`,
    facts.map((fact) => `- ${fact}`).join('\n'),
    ...(failed.length > 0 ? [failed.join('\n')] : []),
    findings.subjects.map(({ name, what }) => `- **${name}**: ${what}`).join('\n'),
    ...findings.sections,
    findings.reading,
    '',
  ].join('\n\n');
}
