import type { Row, Table } from './compare.ts';
import type { Run, Saturation } from './saturation.ts';
import { difference, percent, ranged, short, table, thousands } from './wording.ts';

const figures = (row: Row): string[] => [
  row.subject,
  ranged(row.cpuMicrosecondsARequest),
  thousands(row.requestsPerSecond),
  short(row.p50.median),
  short(row.p99.median),
  percent(row.subjectBusy.median),
  percent(row.loadBusy.median),
  short(row.residentMegabytes.median),
];

/** The part of a report that is about one case. */
export function sectionOf(
  { name, rows, comparisons, starved, disturbed }: Table,
  { unit = 'request', sharesCores = false }: Saturation,
  run: Run,
): string {
  const alone = run.alone[name];
  const head = [
    'subject',
    `CPU µs a ${unit}`,
    `${unit}s/s`,
    'p50 ms',
    'p99 ms',
    'its core',
    'load’s core',
    'RSS MB',
  ];
  const parts = [`## ${name}`, table(head, rows.map(figures))];
  if (alone) {
    const each = alone.cpuMicrosecondsARequest + alone.loadMicrosecondsARequest;
    parts.push(
      `Generator and upstream alone: ${(alone.requestsPerSecond / 1000).toFixed(1)}k ${unit}s/s, ${short(each)} µs a ${unit} on their core.`,
    );
  }
  if (!sharesCores && starved.length > 0)
    parts.push(`**The load was the bottleneck of: ${starved.join('; ')}.**`);
  if (!sharesCores && disturbed.length > 0)
    parts.push(
      `Less than 90 % of their core, other work on the machine had the rest: ${disturbed.join('; ')}.`,
    );
  if (comparisons.length > 0)
    parts.push(table(['CPU, paired by round', 'ratio', `µs a ${unit}`], comparisons.map(difference)));
  return parts.join('\n\n');
}

/** How to read the figures of a saturated subject. */
export function readingOf({ connections, unit = 'request' }: Saturation, tables: readonly Table[]): string {
  const confidence = tables[0]?.comparisons[0]?.ratio.confidence ?? 0;
  return `Medians, ranges in brackets. CPU is user + system time of the process, its threads and its children from \`/proc\`, over ${unit}s answered. Ratios and differences are medians of the rounds' own, in brackets their confidence interval (order statistics, ${(confidence * 100).toFixed(1)} %); where the interval of the ratio holds 1, that is no difference. Latency is that of a saturated subject: it tells the queue of ${connections} connections.`;
}
