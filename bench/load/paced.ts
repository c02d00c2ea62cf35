import { fileURLToPath } from 'node:url';
import {
  ALONE,
  type Found,
  type LevelWindow,
  measureLevels,
  over,
  starvedOf,
  type Windows,
} from '../harness/levels.ts';
import {
  added,
  addedColumn,
  aloneOf,
  busyColumns,
  type Column,
  direct,
  levelTable,
  type Mark,
  markOfRounds,
  OF_LOAD,
  pairTable,
} from '../harness/levels-report.ts';
import type { Call, Pair, Subject, Upstream } from '../harness/suite.ts';
import { percent, ranged, short } from '../harness/wording.ts';
import type { Times } from './clients/client.ts';
import { CHAT_PACED, CHAT_STREAM, PACE_MS } from './messages.ts';

/** What a chunk costs is known also of who could not pass them all. */
const ANYHOW: ReadonlyMap<string, Mark> = new Map();

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
    // Paced answers have stamps, no two alike: of each the client counts the chunks and looks for the end.
    checked: CHAT_STREAM,
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
    if (call.effort.isSmoke && (chunks === 0 || Object.keys(failures).some((why) => why !== 'stalled')))
      throw new Error(`${what}: ${chunks} chunks, failures ${JSON.stringify(failures)}`);
  });
  const levelsFound = Object.entries(windows);
  return {
    sections: levelsFound.map(([name, found]) => sectionOf(name, found, pairs)),
    bottlenecks: levelsFound.flatMap(([name, found]) => starvedOf(found).map((who) => `${who}, ${name}`)),
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

/** Share of the chunks that came from the upstream itself in the same round. */
const HELD = 0.97;

/** Whose figures are not their own, or not of the pace in all rounds, and why. */
function marksOf(found: Found<Told>): Map<string, Mark> {
  const starved = starvedOf(found);
  const paces = (found[ALONE] ?? []).map(chunksPerSecond);
  const marks = new Map<string, Mark>();
  for (const [subject, windows] of Object.entries(found)) {
    const held = markOfRounds(
      windows.map((window, round) =>
        chunksPerSecond(window) < HELD * (paces[round] ?? Number.NaN) ? 'pace not held' : null,
      ),
    );
    // Who held what came, and when that came was up to the load, has no figures of its own either.
    const isOfLoad = starved.includes(subject) || (starved.includes(ALONE) && !held?.hides);
    const mark = isOfLoad ? OF_LOAD : held;
    if (mark) marks.set(subject, mark);
  }
  return marks;
}

function failedStreams(windows: readonly PacedWindow[]): string {
  const sum = (figure: (told: Told) => number): number =>
    windows.reduce((total, { figures }) => total + figure(figures), 0);
  const failed = sum(({ failures }) => Object.values(failures).reduce((a, b) => a + b, 0));
  return `${failed} of ${failed + sum(({ completed }) => completed)}`;
}

/** One level in words: also of windows that were kept. */
export function sectionOf(name: string, found: Found<Told>, pairs: readonly Pair[]): string {
  const marks = marksOf(found);
  const columns: Column<Told>[] = [
    { head: 'CPU µs a chunk', stays: true, of: (_, windows) => ranged(over(windows, aChunk)) },
    { head: 'chunks/s', stays: true, of: (_, windows) => over(windows, chunksPerSecond).median.toFixed(0) },
    addedColumn('first token p50, ms added', found, ({ firstToken }) => firstToken.p50),
    addedColumn('p99', found, ({ firstToken }) => firstToken.p99),
    addedColumn('chunk p50, ms added', found, ({ delay }) => delay.p50),
    addedColumn('p99', found, ({ delay }) => delay.p99),
    addedColumn('gap p50, ms added', found, ({ gap }) => gap.p50),
    addedColumn('p99', found, ({ gap }) => gap.p99),
    { head: 'failed streams', stays: true, of: (_, windows) => failedStreams(windows) },
    ...busyColumns<Told>(),
    {
      head: 'RSS MB',
      stays: true,
      of: (_, windows) => short(over(windows, (w) => w.residentMegabytes).median),
    },
  ];
  const compare = (what: string, figure: (told: Told) => number): string[] =>
    pairTable(
      [`added ${what}, paired by round`, 'ms'],
      pairs,
      (subject) => added(found, subject, figure),
      marks,
    );
  const own = (figure: (told: Told) => number): string => direct(found, figure);
  const alone = found[ALONE] ?? [];
  const costs = (subject: string): number[] => (found[subject] ?? []).map(aChunk);
  return [
    `## ${name}`,
    levelTable(found, columns, marks),
    `${aloneOf(marks.get(ALONE))}: ${over(alone, chunksPerSecond).median.toFixed(0)} chunks/s, first token p50 ${own((t) => t.firstToken.p50)} and p99 ${own((t) => t.firstToken.p99)} ms, chunk p50 ${own((t) => t.delay.p50)} and p99 ${own((t) => t.delay.p99)} ms, ${percent(over(alone, (w) => w.loadBusy).median)} of the load's core.`,
    ...pairTable(['CPU, paired by round', 'µs a chunk'], pairs, costs, ANYHOW),
    ...compare('first token p50', ({ firstToken }) => firstToken.p50),
    ...compare('chunk p50', ({ delay }) => delay.p50),
    ...compare('chunk p99', ({ delay }) => delay.p99),
  ].join('\n\n');
}
