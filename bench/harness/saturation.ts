import { tablesOf } from './compare.ts';
import { few } from './few.ts';
import { findGenerator } from './generator.ts';
import { type Alive, onSite, presentOf, rotated, type Site, withAlive } from './ground.ts';
import { type Bench, MOST_TURNS, measure, typical, WARM_REQUESTS, type Window, warmUp } from './measure.ts';
import { LOAD_CORE, pinningObstacle, SUBJECT_CORE } from './pinning.ts';
import { readingOf, sectionOf } from './saturation-report.ts';
import type { Call, Case, Findings, Pair, Subject, Suite, Upstream } from './suite.ts';

/** What is measured at saturation: as many requests as the subject takes on a number of connections. */
export interface Saturation {
  name: string;
  what: string;
  connections: number;
  cases: readonly Case[];
  subjects: readonly Subject[];
  pairs: readonly Pair[];
  upstream: Upstream;
  /** What one request is called in the tables; `request` if absent. */
  unit?: string;
  /** Whether subjects may use the load's core as well: what is short then is the machine, and nobody is starved. */
  sharesCores?: boolean;
  /** Whether some subjects are one process, which each asks for something else. */
  sharesProcesses?: boolean;
}

/** Everything that a run at saturation has found out. */
export interface Run {
  generator: string;
  /** The generator and the upstream without anything between them, by case. */
  alone: Record<string, Window>;
  /** By case, then by subject: a window a round. */
  windows: Record<string, Record<string, Window[]>>;
}

/** A suite that measures at saturation. */
export function saturation(plan: Saturation): Suite {
  return { name: plan.name, what: plan.what, run: (call) => saturate(plan, call) };
}

/** Measures what loads alone, then every subject in interleaved rounds. */
export async function saturate(plan: Saturation, call: Call): Promise<Findings> {
  const { present, missing } = presentOf(plan.subjects, call);
  const { generator, note } = findGenerator();
  const run: Run = { generator: generator.name, alone: {}, windows: {} };
  for (const { name } of plan.cases) {
    run.windows[name] = Object.fromEntries(present.map((subject) => [subject.name, []]));
  }
  const first = plan.cases[0] as Case;
  await onSite(plan.upstream, first, call, async (site) => {
    const bench = { ...site, generator, connections: plan.connections, effort: call.effort };
    await measureAlone(bench, plan, run, call);
    const load = call.effort.isSmoke ? few() : generator;
    for (let round = 0; round < call.effort.rounds; round++) {
      const subjects = rotated(present, round);
      const cases = rotated(plan.cases, round);
      await measureRound(site, { ...bench, generator: load }, subjects, cases, (subject, asked, window) => {
        run.windows[asked]?.[subject]?.push(window);
        call.say(`round ${round + 1}, ${subject}, ${asked}: ${inShort(window)}`);
      });
    }
  });
  const tables = tablesOf(plan, run);
  const starved = plan.sharesCores
    ? []
    : tables.flatMap(({ name, starved: who }) => who.map((w) => `${w}, ${name}`));
  return {
    facts: [
      `generator ${run.generator}; upstream: ${plan.upstream.name}`,
      `${plan.connections} connections kept alive; a fresh process for each ${plan.sharesProcesses ? 'group of subjects' : 'subject'} and round, subject on core ${SUBJECT_CORE}, generator and upstream on core ${LOAD_CORE}, in turns of a second; warm-up in turns until a process has answered ${WARM_REQUESTS} requests, ${MOST_TURNS} at most`,
      ...[note, pinningObstacle()].filter((text) => text !== null),
    ],
    subjects: present,
    missing,
    sections: tables.map((table) => sectionOf(table, plan, run)),
    reading: readingOf(plan, tables),
    bottlenecks: starved,
    data: { run, tables },
  };
}

async function measureAlone(bench: Bench, plan: Saturation, run: Run, { effort, say }: Call): Promise<void> {
  const { upstream } = bench;
  const alone: Alive = {
    subject: { name: plan.upstream.name, what: '', missing: () => null, start: async () => upstream },
    started: upstream,
    origin: `http://127.0.0.1:${upstream.port}`,
    asked: (by) => by,
  };
  await warmUp(bench, alone, plan.cases);
  for (const asked of plan.cases) {
    const turns: Window[] = [];
    for (let turn = 0; turn < effort.seconds; turn++) turns.push(await measure(bench, alone, asked));
    const window = typical(turns);
    run.alone[asked.name] = window;
    say(`alone, ${asked.name}: ${inShort(window)}`);
    if (effort.isSmoke) return;
  }
}

/**
 * One round: a fresh process for every subject, all of them alive and warm, of which one at a time has work. They take
 * turns of a second, so that whatever else the machine does for some seconds meets all of them and not one.
 */
async function measureRound(
  site: Site,
  bench: Bench,
  subjects: readonly Subject[],
  cases: readonly Case[],
  found: (subject: string, asked: string, window: Window) => void,
): Promise<void> {
  await withAlive(site, subjects, cases[0] as Case, async (alive) => {
    const served = new Map<number, number>();
    for (const each of alive) await warmUp(bench, each, cases, served);
    for (const asked of cases) {
      const turns = new Map<string, Window[]>(alive.map(({ subject }) => [subject.name, []]));
      for (let turn = 0; turn < bench.effort.seconds; turn++) {
        for (const each of rotated(alive, turn)) {
          turns.get(each.subject.name)?.push(await measure(bench, each, asked));
        }
      }
      for (const [subject, windows] of turns) found(subject, asked.name, typical(windows));
    }
  });
}

function inShort(window: Window): string {
  const { requestsPerSecond, cpuMicrosecondsARequest, subjectBusy } = window;
  return `${cpuMicrosecondsARequest.toFixed(1)} µs, ${Math.round(requestsPerSecond)} requests/s, ${Math.round(subjectBusy * 100)} % of its core`;
}
