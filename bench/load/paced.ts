import { fileURLToPath } from 'node:url';
import { type Comparison, compared } from '../harness/compare.ts';
import { runClient } from '../harness/counted.ts';
import { residentMegabytes } from '../harness/cpu.ts';
import { type Alive, onSite, presentOf, rotated, type Site, withAlive } from '../harness/ground.ts';
import { spread } from '../harness/statistics.ts';
import type { Call, Pair, Subject, Upstream } from '../harness/suite.ts';
import { difference, percent, ranged, short, table } from '../harness/wording.ts';
import type { Times } from './clients/client.ts';
import { CHAT_PACED, PACE_MS } from './messages.ts';

const CLIENT = fileURLToPath(new URL('./clients/streams.ts', import.meta.url));
const SETTLE_MS = 2_500;

interface Told {
  chunks: number;
  completed: number;
  failures: Record<string, number>;
  firstToken: Times;
  delay: Times;
  gap: Times;
}

/** A subject with so many streams for some seconds. */
export interface PacedWindow extends Told {
  chunksPerSecond: number;
  cpuMicrosecondsAChunk: number;
  subjectBusy: number;
  loadBusy: number;
  residentMegabytes: number;
}

export interface PacedFindings {
  sections: string[];
  bottlenecks: string[];
  missing: { subject: string; why: string }[];
  /** By the number of streams, then by subject; `alone` is the client at the upstream itself. */
  windows: Record<string, Record<string, PacedWindow[]>>;
}

/** The name under which the client at the upstream itself stands. */
const ALONE = 'nothing between';
/** Share of its core from which on the load is the bottleneck. */
const FULL = 0.9;

async function measure(site: Site, streams: number, countMs: number, alive?: Alive): Promise<PacedWindow> {
  const { upstream } = site;
  const subject = alive?.started ?? upstream;
  const { method, path, headers, body } = alive ? alive.asked(CHAT_PACED) : CHAT_PACED;
  const order = {
    origin: `http://127.0.0.1:${subject.port}`,
    method,
    path,
    headers,
    body,
    streams,
    settleMs: SETTLE_MS,
    countMs,
  };
  const pids = { subject: subject.pid, upstream: upstream.pid };
  const { figures, seconds, cpu } = await runClient<Told>(CLIENT, order, pids, SETTLE_MS + countMs + 30_000);
  subject.assertAlive();
  upstream.assertAlive();
  const { subject: own = 0, upstream: behind = 0, client = 0 } = cpu;
  return {
    ...figures,
    chunksPerSecond: figures.chunks / seconds,
    cpuMicrosecondsAChunk: alive ? own / figures.chunks : 0,
    subjectBusy: alive ? own / 1e6 / seconds : 0,
    loadBusy: (behind + client) / 1e6 / seconds,
    residentMegabytes: residentMegabytes(subject.pid),
  };
}

/** Streams with a pause between their chunks, as a model sends them: what each subject adds to times, and its CPU a chunk. */
export async function measurePaced(
  subjects: readonly Subject[],
  pairs: readonly Pair[],
  upstream: Upstream,
  levels: readonly number[],
  call: Call,
): Promise<PacedFindings> {
  const { present, missing } = presentOf(subjects, call);
  const countMs = call.effort.isSmoke ? 1_500 : call.effort.seconds * 1_000;
  const windows: PacedFindings['windows'] = Object.fromEntries(
    levels.map((streams) => [
      streams,
      Object.fromEntries([ALONE, ...present.map((s) => s.name)].map((n) => [n, []])),
    ]),
  );
  await onSite(upstream, CHAT_PACED, call, async (site) => {
    for (let round = 0; round < call.effort.rounds; round++) {
      await withAlive(site, rotated(present, round), CHAT_PACED, async (alive) => {
        for (const streams of levels) {
          for (const each of [undefined, ...alive]) {
            const name = each?.subject.name ?? ALONE;
            const window = await measure(site, streams, countMs, each);
            windows[streams]?.[name]?.push(window);
            call.say(`round ${round + 1}, ${streams} streams, ${name}: ${inShort(window)}`);
            assertSmoke(call, name, window);
          }
        }
      });
    }
  });
  const each = Object.entries(windows).map(([streams, found]) => sectionOf(streams, found, pairs));
  return {
    sections: each.map(({ section }) => section),
    bottlenecks: each.flatMap(({ bottlenecks }) => bottlenecks),
    missing,
    windows,
  };
}

function assertSmoke({ effort }: Call, name: string, { failures, chunks }: PacedWindow): void {
  if (!effort.isSmoke) return;
  if (chunks === 0 || Object.keys(failures).length > 0)
    throw new Error(`${name}: ${chunks} chunks, failures ${JSON.stringify(failures)}`);
}

const inShort = (w: PacedWindow): string =>
  `${short(w.cpuMicrosecondsAChunk)} µs a chunk, ${Math.round(w.chunksPerSecond)} chunks/s, first token ${short(w.firstToken.p50)} ms, delay ${short(w.delay.p50)} and ${short(w.delay.p99)} ms, its core ${percent(w.subjectBusy)}, load ${percent(w.loadBusy)}, failed ${JSON.stringify(w.failures)}`;

const medianOf = (windows: readonly PacedWindow[], figure: (window: PacedWindow) => number): number =>
  spread(windows.map(figure)).median;

function sectionOf(
  streams: string,
  found: Record<string, PacedWindow[]>,
  pairs: readonly Pair[],
): { section: string; bottlenecks: string[] } {
  const alone = found[ALONE] ?? [];
  const added = (windows: readonly PacedWindow[], figure: (window: PacedWindow) => number): string => {
    const more = medianOf(windows, figure) - medianOf(alone, figure);
    return `${more < 0 ? '' : '+'}${short(more)}`;
  };
  const failed = ({ failures }: PacedWindow): number => Object.values(failures).reduce((a, b) => a + b, 0);
  const subjects = Object.entries(found).filter(([name]) => name !== ALONE);
  const rows = subjects.map(([name, windows]) => [
    name,
    ranged(spread(windows.map((w) => w.cpuMicrosecondsAChunk))),
    `${Math.round(medianOf(windows, (w) => w.chunksPerSecond))}`,
    added(windows, (w) => w.firstToken.p50),
    added(windows, (w) => w.firstToken.p99),
    added(windows, (w) => w.delay.p50),
    added(windows, (w) => w.delay.p99),
    added(windows, (w) => w.gap.p99),
    `${windows.reduce((sum, window) => sum + failed(window), 0)} of ${windows.reduce((sum, w) => sum + failed(w) + w.completed, 0)}`,
    percent(medianOf(windows, (w) => w.subjectBusy)),
    percent(medianOf(windows, (w) => w.loadBusy)),
    short(medianOf(windows, (w) => w.residentMegabytes)),
  ]);
  const head = [
    'subject',
    'CPU µs a chunk',
    'chunks/s',
    'first token p50, ms added',
    'p99',
    'chunk p50, ms added',
    'p99',
    'gap p99, ms added',
    'failed streams',
    'its core',
    'load’s core',
    'RSS MB',
  ];
  const cpu = (name: string): number[] => (found[name] ?? []).map((w) => w.cpuMicrosecondsAChunk);
  const comparisons: Comparison[] = pairs
    .filter(({ subject, against }) => cpu(subject).length > 0 && cpu(against).length > 0)
    .map(({ subject, against }) => compared(subject, against, cpu(subject), cpu(against)));
  const name = `${streams} streams, a chunk every ${PACE_MS} ms`;
  const isFull = (windows: readonly PacedWindow[]): boolean => medianOf(windows, (w) => w.loadBusy) >= FULL;
  const isIdle = (windows: readonly PacedWindow[]): boolean => medianOf(windows, (w) => w.subjectBusy) < FULL;
  const direct = (figure: (window: PacedWindow) => number): string => short(medianOf(alone, figure));
  return {
    bottlenecks: Object.entries(found)
      .filter(([, windows]) => isFull(windows) && isIdle(windows))
      .map(([subject]) => `${subject}, ${name}`),
    section: [
      `## ${name}`,
      table(head, rows),
      `Client at the upstream itself: ${direct((w) => w.chunksPerSecond)} chunks/s, first token p50 ${direct((w) => w.firstToken.p50)} and p99 ${direct((w) => w.firstToken.p99)} ms, chunk p50 ${direct((w) => w.delay.p50)} and p99 ${direct((w) => w.delay.p99)} ms, ${percent(medianOf(alone, (w) => w.loadBusy))} of the load's core.`,
      ...(comparisons.length > 0
        ? [table(['CPU, paired by round', 'ratio', 'µs a chunk'], comparisons.map(difference))]
        : []),
    ].join('\n\n'),
  };
}
