import { type Table, tablesOf } from './compare.ts';
import { few } from './few.ts';
import { findGenerator } from './generator.ts';
import { onSite, presentOf, rotated, type Site, upstreamOf, withAlive } from './ground.ts';
import { watchOtherWork } from './machine.ts';
import {
  type Bench,
  LEAD_SECONDS,
  LONGEST_SECONDS,
  MOST_TURNS,
  measure,
  WARM_REQUESTS,
  type Window,
  warmUp,
} from './measure.ts';
import { LOAD_CORE, pinningObstacle, SUBJECT_CORE } from './pinning.ts';
import { readingOf, sectionOf } from './saturation-report.ts';
import type { Call, Case, Effort, Findings, Pair, Subject, Suite, Upstream } from './suite.ts';

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
  /** Subjects that may use the load's core as well, each with its number of workers; the others have a core of their own for one. */
  sharing?: Readonly<Record<string, number>>;
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
  /** Share of the machine's time that went to nobody of the bench: 0 to 1, as `watchOtherWork` tells it. */
  otherWork: number;
}

/** What a measurement at saturation has found out. */
export interface Saturated extends Findings {
  data: { run: Run; tables: Table[] };
}

/** A suite that measures at saturation. */
export function saturation(plan: Saturation): Suite {
  return { name: plan.name, what: plan.what, run: (call) => saturate(plan, call) };
}

/** Measures what loads alone, then every subject in interleaved rounds. */
export async function saturate(plan: Saturation, call: Call): Promise<Saturated> {
  const { present, missing } = presentOf(plan.subjects, call);
  const { generator, note } = findGenerator();
  const run: Run = { generator: generator.name, alone: {}, windows: {}, otherWork: 0 };
  const otherWork = watchOtherWork();
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
  run.otherWork = otherWork();
  const tables = tablesOf(plan, run);
  const starved = tables.flatMap(({ name, starved: who }) => who.map((w) => `${w}, ${name}`));
  return {
    effort: effortOf(call.effort),
    facts: [
      `generator ${run.generator}; upstream: ${plan.upstream.name}`,
      `${plan.connections} connections kept alive; a fresh process for each ${plan.sharesProcesses ? 'group of subjects' : 'subject'} and round, of which one at a time has work; ${plan.sharing ? 'subjects on the cores that their lines name' : `subject on core ${SUBJECT_CORE}`}, generator and upstream on core ${LOAD_CORE}`,
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
  const alone = upstreamOf(bench, plan.upstream.name);
  await warmUp(bench, alone, plan.cases);
  for (const asked of plan.cases) {
    const window = await measure(bench, alone, asked);
    run.alone[asked.name] = window;
    say(`alone, ${asked.name}: ${inShort(window)}`);
    if (effort.isSmoke) return;
  }
}

const effortOf = ({ rounds, seconds, warmUpSeconds }: Effort): string =>
  `${rounds} interleaved rounds; for each subject and case ${seconds} s measured in one go, up to ${LONGEST_SECONDS} s where answers are few, directly after ${LEAD_SECONDS} s uncounted; before all of them, what compiles while it runs is warmed up in turns of ${warmUpSeconds} s until a process has answered ${WARM_REQUESTS} requests, ${MOST_TURNS} turns at most`;

/** One round: a fresh process for every subject, all of them alive and warm, of which one at a time has work. */
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
    for (const [place, asked] of cases.entries()) {
      for (const each of rotated(alive, place)) {
        found(each.subject.name, asked.name, await measure(bench, each, asked));
      }
    }
  });
}

function inShort(window: Window): string {
  const { requestsPerSecond, cpuMicrosecondsARequest, subjectBusy } = window;
  return `${cpuMicrosecondsARequest.toFixed(1)} µs, ${Math.round(requestsPerSecond)} requests/s, ${Math.round(subjectBusy * 100)} % of its core`;
}
