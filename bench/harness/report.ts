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
  /** Share of the machine's time in the run that went to nobody of the bench: 0 to 1. */
  otherWork: number;
  versions: Record<string, string>;
  effort: Effort;
  findings: Findings;
}

/** Share of the machine from which on other work is said to have disturbed a run. */
const DISTURBING = 0.03;

/** The report for people. */
export function markdown(report: Report): string {
  const { machine, effort, findings, otherWork } = report;
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  const facts = [
    `\`${report.command}\` · ${report.date} UTC · commit ${report.commit}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGigabytes} GB, ${machine.kernel}; load average before: ${short(report.loadAverageBefore)}; other work in the run: ${percent(otherWork)} of the machine`,
    versions.join(', '),
    ...(findings.isOnce
      ? []
      : [
          `${effort.rounds} interleaved rounds; ${effort.warmUpSeconds} s of warm-up and ${effort.seconds} s measured for each subject and case`,
        ]),
    ...findings.facts,
    ...findings.missing.map(({ subject, why }) => `**missing: ${subject}**, ${why}`),
  ];
  if (otherWork > DISTURBING)
    facts.unshift(
      '**Taken while the machine was shared with other work: ratios within a round say something, absolute figures little.**',
    );
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
