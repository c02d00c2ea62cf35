import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { originOf, untilServes } from './ask.ts';
import { findGenerator } from './generator.ts';
import { type Bench, measure, type Window } from './measure.ts';
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

/** Drives every subject of a suite, a fresh process each round, one subject after the other within a round. */
export async function runSuite(suite: Suite, effort: Effort, say: (line: string) => void): Promise<Run> {
  const { generator, note } = findGenerator();
  const missing = suite.subjects.flatMap((subject) => {
    const why = subject.missing();
    return why === null ? [] : [{ subject: subject.name, why }];
  });
  const present = suite.subjects.filter((subject) => !missing.some(({ subject: name }) => name === subject.name));
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
    for (const asked of suite.cases) {
      run.alone[asked.name] = await measure(bench, suite.upstream.name, upstream, asked);
      say(`alone, ${asked.name}: ${inShort(run.alone[asked.name] as Window)}`);
    }
    for (let round = 0; round < effort.rounds; round++) {
      for (const subject of rotated(present, round)) {
        const windows = await measureFresh(bench, subject, rotated(suite.cases, round));
        for (const [name, window] of windows) {
          run.windows[name]?.[subject.name]?.push(window);
          say(`round ${round + 1}, ${subject.name}, ${name}: ${inShort(window)}`);
        }
      }
    }
    return run;
  } finally {
    await upstream?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureFresh(bench: Bench, subject: Subject, cases: readonly Case[]): Promise<[string, Window][]> {
  const folder = mkdtempSync(join(bench.folder, 'subject-'));
  const started = await subject.start({ folder, upstreamPort: bench.upstream.port });
  try {
    await untilServes(subject.name, started, cases[0] as Case);
    await subject.prove?.(originOf(started));
    const windows: [string, Window][] = [];
    for (const asked of cases) windows.push([asked.name, await measure(bench, subject.name, started, asked)]);
    return windows;
  } finally {
    await started.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function inShort(window: Window): string {
  const { requestsPerSecond, cpuMicrosecondsARequest, subjectBusy } = window;
  return `${cpuMicrosecondsARequest.toFixed(1)} µs, ${Math.round(requestsPerSecond)} requests/s, ${Math.round(subjectBusy * 100)} % of its core`;
}
