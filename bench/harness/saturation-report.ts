import type { Row, Table } from './compare.ts';
import { FULL } from './load-share.ts';
import { DISTURBING } from './report.ts';
import type { Run, Saturation } from './saturation.ts';
import { comparedOf, comparisonTable, percent, ranged, short, table, thousands } from './wording.ts';

/** Share of a window's requests from which on those that were in flight at its end are told. */
const IN_FLIGHT = 0.02;

const figures = (row: Row, isStarved: boolean): string[] => [
  isStarved ? `${row.subject} (starved)` : row.subject,
  ranged(row.cpuMicrosecondsARequest),
  ...(isStarved
    ? ['–', '–', '–']
    : [thousands(row.requestsPerSecond), short(row.p50.median), short(row.p99.median)]),
  percent(row.subjectBusy.median),
  percent(row.loadBusy.median),
  short(row.residentMegabytes.median),
];

/** The part of a report that is about one case. */
export function sectionOf(found: Table, plan: Saturation, run: Run): string {
  const { unit = 'request' } = plan;
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
  const rows = found.rows.map((row) => figures(row, found.starved.includes(row.subject)));
  const parts = [`## ${found.name}`, table(head, rows)];
  const alone = run.alone[found.name];
  if (alone) {
    const each = alone.cpuMicrosecondsARequest + alone.loadMicrosecondsARequest;
    parts.push(
      `Generator and upstream alone: ${(alone.requestsPerSecond / 1000).toFixed(1)}k ${unit}s/s, ${short(each)} µs a ${unit} on their core.`,
    );
  }
  parts.push(...fullOf(found), ...waitsOf(found, run.otherWork, unit));
  parts.push(...inFlightOf(found.rows, plan));
  parts.push(...comparisonTable(['CPU, paired by round', 'ratio', `µs a ${unit}`], found.comparisons));
  return parts.join('\n\n');
}

/** Who had less than its core, and why. */
function waitsOf({ starved, idle }: Table, otherWork: number, unit: string): string[] {
  const parts: string[] = [];
  if (starved.length > 0)
    parts.push(
      `**The load was the bottleneck of: ${starved.join('; ')}.** What they did in a second and how long it took was up to the load, and is left out. Their CPU a ${unit} is an upper bound, since who waits is woken more often: ratios over it are at least as large as told, and of one between two that are named here nothing can be said.`,
    );
  if (idle.length > 0)
    parts.push(
      `Less than 90 % of a core for each worker, ${otherWork > DISTURBING ? 'other work on the machine had the rest' : 'and what they waited for is not known'}: ${idle.join('; ')}.`,
    );
  return parts;
}

/** Where subject and load compete for a machine that has no more to give, what a subject gets is what the load leaves. */
const fullOf = ({ full }: Table): string[] =>
  full.length === 0
    ? []
    : [
        `Share the load’s core, and had ${percent(FULL)} or more of both cores together with it, so that it was the machine that was short: ${full.join('; ')}.`,
      ];

/** Requests that were begun and not answered when a window ended. */
function inFlightOf(rows: readonly Row[], { connections, unit = 'request' }: Saturation): string[] {
  const shares = rows
    .map(({ subject, answered }) => ({ subject, share: connections / answered.min }))
    .filter(({ share }) => share > IN_FLIGHT)
    .map(({ subject, share }) => `${subject}, ${percent(share)}`);
  return shares.length === 0
    ? []
    : [
        `Begun and not answered at the end of a window, so that their CPU counts and they don't, at most so many of its ${unit}s: ${shares.join('; ')}.`,
      ];
}

/** How to read the figures of a saturated subject. */
export function readingOf(
  { connections, unit = 'request' }: Pick<Saturation, 'connections' | 'unit'>,
  tables: readonly Table[],
): string {
  return [
    `Medians of the rounds, ranges in brackets. CPU is user + system time of the process, its threads and its children from \`/proc\`, over ${unit}s answered. p50 and p99 are medians of the windows' own percentiles, in which wrk counts, beside what it has measured, what its correction for coordinated omission adds; they are those of a saturated subject and tell the queue of ${connections} connections.`,
    ...comparedOf(tables.flatMap(({ comparisons }) => comparisons)),
  ].join(' ');
}
