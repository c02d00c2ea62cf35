import type { Comparison, Row, Table } from './compare.ts';
import type { Machine } from './machine.ts';
import type { Run } from './rounds.ts';
import type { Interval, Spread } from './statistics.ts';
import type { Effort, Suite } from './suite.ts';

/** Everything that `bench/results/<suite>.json` holds. */
export interface Report {
  suite: string;
  what: string;
  date: string;
  commit: string;
  command: string;
  machine: Machine;
  /** Load average before the run: other work on the machine. */
  loadAverageBefore: number;
  versions: Record<string, string>;
  connections: number;
  effort: Effort;
  run: Run;
  tables: Table[];
}

const SETTLED = 10;

/** Three significant digits at most, as noise allows no more. */
const short = (value: number): string =>
  value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= SETTLED ? 1 : 2);
const ranged = (s: Spread): string => `${short(s.median)} (${short(s.min)}–${short(s.max)})`;
const within = (i: Interval, sign = ''): string =>
  `${sign}${short(i.median)} (${short(i.low)}–${short(i.high)})`;
const thousands = (s: Spread): string =>
  `${(s.median / 1000).toFixed(1)}k (${(s.min / 1000).toFixed(1)}–${(s.max / 1000).toFixed(1)})`;
const percent = (s: Spread): string => `${Math.round(s.median * 100)} %`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const ruler = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [line(head), line(ruler), ...rows.map(line)].join('\n');
}

const HEAD = [
  'subject',
  'CPU µs a request',
  'requests/s',
  'p50 ms',
  'p99 ms',
  'its core',
  'load’s core',
  'RSS MB',
];

const figures = (row: Row): string[] => [
  row.subject,
  ranged(row.cpuMicrosecondsARequest),
  thousands(row.requestsPerSecond),
  short(row.p50.median),
  short(row.p99.median),
  percent(row.subjectBusy),
  percent(row.loadBusy),
  short(row.residentMegabytes.median),
];

const difference = (c: Comparison): string[] => [
  `${c.subject} ÷ ${c.against}`,
  within(c.ratio),
  c.verdict === 'different' ? within(c.added, c.added.median > 0 ? '+' : '') : c.verdict,
];

function section({ name, rows, comparisons, starved, disturbed }: Table, run: Run): string {
  const alone = run.alone[name];
  const parts = [`## ${name}`, table(HEAD, rows.map(figures))];
  if (alone) {
    const each = alone.cpuMicrosecondsARequest + alone.loadMicrosecondsARequest;
    parts.push(
      `Generator and upstream alone: ${(alone.requestsPerSecond / 1000).toFixed(1)}k requests/s, ${short(each)} µs a request on their core.`,
    );
  }
  if (starved.length > 0) parts.push(`**The load was the bottleneck of: ${starved.join('; ')}.**`);
  if (disturbed.length > 0)
    parts.push(
      `Less than 90 % of their core, other work on the machine had the rest: ${disturbed.join('; ')}.`,
    );
  if (comparisons.length > 0)
    parts.push(table(['CPU, paired by round', 'ratio', 'µs a request'], comparisons.map(difference)));
  return parts.join('\n\n');
}

/** The report for people. */
export function markdown(report: Report, suite: Suite): string {
  const { machine, run, effort } = report;
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  const confidence = report.tables[0]?.comparisons[0]?.ratio.confidence ?? 0;
  const facts = [
    `\`${report.command}\` · ${report.date} · commit ${report.commit}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGigabytes} GB, ${machine.kernel}; load average before: ${short(report.loadAverageBefore)}`,
    `${versions.join(', ')}; generator ${run.generator}; upstream: ${suite.upstream.name}`,
    `${report.connections} connections kept alive; ${effort.rounds} interleaved rounds, a fresh process for each subject and round, ${effort.warmUpSeconds} s of warm-up and ${effort.seconds} s measured for each case, in turns of a second`,
    ...run.notes,
    ...run.missing.map(({ subject, why }) => `**missing: ${subject}**, ${why}`),
  ];
  const subjects = suite.subjects.map(({ name, what }) => `- **${name}**: ${what}`);
  const reading = `Medians, ranges in brackets. CPU is user + system time of the process, its threads and its children from \`/proc\`, over requests answered. Ratios and differences are medians of the rounds' own, in brackets their confidence interval (order statistics, ${(confidence * 100).toFixed(1)} %); where the interval of the ratio holds 1, that is no difference. Latency is that of a saturated subject: it tells the queue of ${report.connections} connections.`;
  return [
    `# ${suite.name}: ${suite.what}`,
    facts.map((fact) => `- ${fact}`).join('\n'),
    subjects.join('\n'),
    ...report.tables.map((each) => section(each, run)),
    reading,
    '',
  ].join('\n\n');
}
