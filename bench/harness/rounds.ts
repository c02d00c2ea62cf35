import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { originOf, untilServes } from './ask.ts';
import { findGenerator } from './generator.ts';
import { type Bench, measure, typical, type Window, warmUp } from './measure.ts';
import { pinningObstacle } from './pinning.ts';
import type { Started } from './processes.ts';
import type { Case, Effort, Subject, Suite } from './suite.ts';

/** Everything that a run has found out. */
export interface Run {
  generator: string;
  /** What a reader has to know beside the figures. */
  notes: string[];
  /** The generator and the upstream without anything between them, by case. */
  alone: Record<string, Window>;
  /** By case, then by subject: a window a round. */
  windows: Record<string, Record<string, Window[]>>;
  missing: { subject: string; why: string }[];
}

/** The same values, the one at `by` first: nobody is always first or always after the same one. */
const rotated = <T>(values: readonly T[], by: number): T[] =>
  values.map((_, i) => values[(i + by) % values.length] as T);

/** Measures what loads alone, then every subject of a suite in interleaved rounds. */
export async function runSuite(suite: Suite, effort: Effort, say: (line: string) => void): Promise<Run> {
  const { generator, note } = findGenerator();
  const missing = suite.subjects.flatMap((subject) => {
    const why = subject.missing();
    return why === null ? [] : [{ subject: subject.name, why }];
  });
  const present = suite.subjects.filter(
    (subject) => !missing.some(({ subject: name }) => name === subject.name),
  );
  const notes = [note, pinningObstacle()].filter((text) => text !== null);
  const run: Run = { generator: generator.name, notes, alone: {}, windows: {}, missing };
  for (const asked of suite.cases) {
    run.windows[asked.name] = Object.fromEntries(present.map(({ name }) => [name, []]));
  }
  const folder = mkdtempSync(join(tmpdir(), 'hypercare-bench-'));
  let upstream: Started | undefined;
  try {
    upstream = await suite.upstream.start({ folder });
    await untilServes(suite.upstream.name, upstream, suite.cases[0] as Case);
    const bench: Bench = { generator, upstream, connections: suite.connections, effort, folder };
    await warmUp(bench, suite.upstream.name, upstream, suite.cases);
    for (const asked of suite.cases) {
      const turns: Window[] = [];
      for (let turn = 0; turn < effort.seconds; turn++) {
        turns.push(await measure(bench, suite.upstream.name, upstream, asked));
      }
      run.alone[asked.name] = typical(turns);
      say(`alone, ${asked.name}: ${inShort(run.alone[asked.name] as Window)}`);
    }
    for (let round = 0; round < effort.rounds; round++) {
      const windows = await measureRound(bench, rotated(present, round), rotated(suite.cases, round));
      for (const { subject, asked, window } of windows) {
        run.windows[asked]?.[subject]?.push(window);
        say(`round ${round + 1}, ${subject}, ${asked}: ${inShort(window)}`);
      }
    }
    return run;
  } finally {
    await upstream?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Measured {
  subject: string;
  asked: string;
  window: Window;
}

/**
 * One round: a fresh process for every subject, all of them alive and warm, of which one at a time has work. They take
 * turns of a second, so that whatever else the machine does for some seconds meets all of them and not one.
 */
async function measureRound(
  bench: Bench,
  subjects: readonly Subject[],
  cases: readonly Case[],
): Promise<Measured[]> {
  const measured: Measured[] = [];
  const failures: unknown[] = [];
  const alive: { subject: Subject; started: Started; folder: string }[] = [];
  try {
    for (const subject of subjects) {
      const folder = mkdtempSync(join(bench.folder, 'subject-'));
      const started = await subject.start({ folder, upstreamPort: bench.upstream.port });
      alive.push({ subject, started, folder });
      await untilServes(subject.name, started, cases[0] as Case);
      await subject.prove?.(originOf(started));
      await warmUp(bench, subject.name, started, cases);
    }
    for (const asked of cases) {
      const turns = new Map<string, Window[]>();
      for (let turn = 0; turn < bench.effort.seconds; turn++) {
        for (const { subject, started } of rotated(alive, turn)) {
          const window = await measure(bench, subject.name, started, asked);
          turns.set(subject.name, [...(turns.get(subject.name) ?? []), window]);
        }
      }
      for (const [subject, windows] of turns)
        measured.push({ subject, asked: asked.name, window: typical(windows) });
    }
  } finally {
    // All of them, whatever one of them says: a server that is left running would keep this process from ending.
    const stopped = await Promise.allSettled(alive.map(({ started }) => started.stop()));
    for (const { folder } of alive) rmSync(folder, { recursive: true, force: true });
    failures.push(...stopped.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : [])));
  }
  if (failures.length > 0) throw failures[0];
  return measured;
}

function inShort(window: Window): string {
  const { requestsPerSecond, cpuMicrosecondsARequest, subjectBusy } = window;
  return `${cpuMicrosecondsARequest.toFixed(1)} µs, ${Math.round(requestsPerSecond)} requests/s, ${Math.round(subjectBusy * 100)} % of its core`;
}
