import { fileURLToPath } from 'node:url';
import { compared } from '../harness/compare.ts';
import {
  ALONE,
  bottlenecksOf,
  type LevelWindow,
  measureLevels,
  over,
  type Windows,
} from '../harness/levels.ts';
import type { Call, Pair, Subject, Upstream } from '../harness/suite.ts';
import { difference, percent, ranged, short, table } from '../harness/wording.ts';
import type { Times } from './clients/client.ts';
import { CHAT_PACED, PACE_MS } from './messages.ts';

interface Told {
  chunks: number;
  completed: number;
  failures: Record<string, number>;
  firstToken: Times;
  delay: Times;
  gap: Times;
}

type PacedWindow = LevelWindow<Told>;

interface PacedFindings {
  sections: string[];
  bottlenecks: string[];
  windows: Windows<Told>;
}

/** Streams with a pause between their chunks, as a model sends them: what each subject adds to times, and its CPU a chunk. */
export async function measurePaced(
  { subjects, pairs, upstream, levels }: PacedPlan,
  call: Call,
): Promise<PacedFindings> {
  const plan = {
    client: fileURLToPath(new URL('./clients/streams.ts', import.meta.url)),
    asked: CHAT_PACED,
    subjects,
    upstream,
    levels: levels.map((streams) => ({
      name: `${streams} streams, a chunk every ${PACE_MS} ms`,
      order: { streams },
    })),
    settleMs: call.effort.isSmoke ? 500 : 2_500,
  };
  const { windows } = await measureLevels<Told>(plan, call, (what, window) => {
    call.say(`${what}: ${inShort(window)}`);
    const { chunks, failures } = window.figures;
    if (call.effort.isSmoke && (chunks === 0 || Object.keys(failures).length > 0))
      throw new Error(`${what}: ${chunks} chunks, failures ${JSON.stringify(failures)}`);
  });
  const levelsFound = Object.entries(windows);
  return {
    sections: levelsFound.map(([name, found]) => sectionOf(name, found, pairs)),
    bottlenecks: levelsFound.flatMap(([name, found]) => bottlenecksOf(name, found)),
    windows,
  };
}

interface PacedPlan {
  subjects: readonly Subject[];
  pairs: readonly Pair[];
  upstream: Upstream;
  /** How many streams run at a time. */
  levels: readonly number[];
}

const aChunk = ({ cpu, figures }: PacedWindow): number => cpu / figures.chunks;
const chunksPerSecond = ({ figures, seconds }: PacedWindow): number => figures.chunks / seconds;

const inShort = (w: PacedWindow): string =>
  `${short(aChunk(w))} µs a chunk, ${Math.round(chunksPerSecond(w))} chunks/s, first token ${short(w.figures.firstToken.p50)} ms, delay ${short(w.figures.delay.p50)} and ${short(w.figures.delay.p99)} ms, its core ${percent(w.subjectBusy)}, load ${percent(w.loadBusy)}, failed ${JSON.stringify(w.figures.failures)}`;

const HEAD = [
  'subject',
  'CPU µs a chunk',
  'chunks/s',
  'first token p50, ms added',
  'p99',
  'chunk p50, ms added',
  'p99',
  'gap p50, ms added',
  'p99',
  'failed streams',
  'its core',
  'load’s core',
  'RSS MB',
];

function sectionOf(name: string, found: Record<string, PacedWindow[]>, pairs: readonly Pair[]): string {
  const alone = found[ALONE] ?? [];
  const added = (windows: readonly PacedWindow[], figure: (told: Told) => number): string => {
    const more =
      over(windows, (w) => figure(w.figures)).median - over(alone, (w) => figure(w.figures)).median;
    return `${more < 0 ? '' : '+'}${short(more)}`;
  };
  const sum = (windows: readonly PacedWindow[], figure: (told: Told) => number): number =>
    windows.reduce((total, { figures }) => total + figure(figures), 0);
  const failed = ({ failures }: Told): number => Object.values(failures).reduce((a, b) => a + b, 0);
  const rows = Object.entries(found)
    .filter(([subject]) => subject !== ALONE)
    .map(([subject, windows]) => [
      subject,
      ranged(over(windows, aChunk)),
      over(windows, chunksPerSecond).median.toFixed(0),
      added(windows, (told) => told.firstToken.p50),
      added(windows, (told) => told.firstToken.p99),
      added(windows, (told) => told.delay.p50),
      added(windows, (told) => told.delay.p99),
      added(windows, (told) => told.gap.p50),
      added(windows, (told) => told.gap.p99),
      `${sum(windows, failed)} of ${sum(windows, (told) => failed(told) + told.completed)}`,
      percent(over(windows, (w) => w.subjectBusy).median),
      percent(over(windows, (w) => w.loadBusy).median),
      short(over(windows, (w) => w.residentMegabytes).median),
    ]);
  const chunkCosts = (subject: string): number[] => (found[subject] ?? []).map(aChunk);
  const comparisons = pairs
    .map(({ subject, against }) => compared(subject, against, chunkCosts(subject), chunkCosts(against)))
    .filter(({ added }) => Number.isFinite(added.median));
  const direct = (figure: (told: Told) => number): string =>
    short(over(alone, (w) => figure(w.figures)).median);
  return [
    `## ${name}`,
    table(HEAD, rows),
    `Client at the upstream itself: ${over(alone, chunksPerSecond).median.toFixed(0)} chunks/s, first token p50 ${direct((t) => t.firstToken.p50)} and p99 ${direct((t) => t.firstToken.p99)} ms, chunk p50 ${direct((t) => t.delay.p50)} and p99 ${direct((t) => t.delay.p99)} ms, ${percent(over(alone, (w) => w.loadBusy).median)} of the load's core.`,
    ...(comparisons.length > 0
      ? [table(['CPU, paired by round', 'ratio', 'µs a chunk'], comparisons.map(difference))]
      : []),
  ].join('\n\n');
}
