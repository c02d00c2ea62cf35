import { setTimeout as delay } from 'node:timers/promises';
import { assertAnswers } from './ask.ts';
import { cpuMicroseconds, endedChildrenMicroseconds, residentMegabytes } from './cpu.ts';
import type { Generated, Generator } from './generator.ts';
import type { Alive } from './ground.ts';
import type { Started } from './processes.ts';
import type { Case, Effort } from './suite.ts';

/** What was measured of one subject in one go. */
export interface Window {
  requests: number;
  requestsPerSecond: number;
  /** User and system time from the kernel's accounting, over requests answered. */
  cpuMicrosecondsARequest: number;
  /** Of generator and upstream together, which share a core. */
  loadMicrosecondsARequest: number;
  /** Share of its core that the subject used, and that the load used: 0 to 1. The larger is the bottleneck. */
  subjectBusy: number;
  loadBusy: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  /** Of the subject, at the end. */
  residentMegabytes: number;
}

export interface Bench {
  generator: Generator;
  upstream: Started;
  connections: number;
  effort: Effort;
  /** For the generator's files. */
  folder: string;
}

/** Requests after which V8 no longer makes the gateway cheaper: then what is measured is what it costs. */
export const WARM_REQUESTS = 60_000;
/** A slow machine, or a subject that is slow itself, has at most so many turns of the effort's warm-up to get there. */
export const MOST_TURNS = 20;

/** Uncounted, directly before each window: what waited for its turn has its connections again, and its code and memory at hand. */
export const LEAD_SECONDS = 1;

/**
 * Answers in a window for each of its connections: requests that have begun and are not answered at its end have cost CPU and
 * count for nothing, and so they are at most one in so many.
 */
const ANSWERS_A_CONNECTION = 32;
/** A subject that is slower than this allows for has more in flight than that, and its report says how much. */
export const LONGEST_SECONDS = 20;

/** A process that uses no more than a tenth of a core has nothing left to do; one that never gets there is waited for so long. */
const STILL = { everyMs: 100, microseconds: 10_000, withinMs: 5_000 };

/** How long a window has to be, from what was answered in its lead. */
export function windowSeconds(
  wanted: number,
  connections: number,
  lead: Pick<Generated, 'requests' | 'seconds'>,
): number {
  const needed = (ANSWERS_A_CONNECTION * connections * lead.seconds) / lead.requests;
  return Math.max(wanted, Math.min(LONGEST_SECONDS, Math.ceil(needed)));
}

/** Waits until a process has done with what its clients have left behind: it would be counted for who comes next. */
export async function untilStill(pid: number, withinMs = STILL.withinMs): Promise<void> {
  for (let waited = 0; waited < withinMs; waited += STILL.everyMs) {
    const before = cpuMicroseconds(pid);
    await delay(STILL.everyMs);
    if (cpuMicroseconds(pid) - before <= STILL.microseconds) return;
  }
}

/**
 * Drives a fresh process with every case before any of them is measured, until V8 has seen enough of it. What one case has
 * made hot is hot for the next, and what one subject has made hot for those that share its process.
 * @param served requests so far, by process
 */
export async function warmUp(
  bench: Bench,
  alive: Alive,
  cases: readonly Case[],
  served: Map<number, number> = new Map(),
): Promise<void> {
  const { generator, connections, effort, folder } = bench;
  const { subject, origin, started } = alive;
  for (const each of cases) await assertAnswers(subject, origin, alive.asked(each));
  const { warmRequests = WARM_REQUESTS } = subject;
  if (effort.warmUpSeconds === 0 || warmRequests === 0) return;
  const isCold = (): boolean => (served.get(started.pid) ?? 0) < warmRequests;
  for (let turn = 0; turn < cases.length || (turn < MOST_TURNS && isCold()); turn++) {
    const asked = alive.asked(cases[turn % cases.length] as Case);
    const load = { origin, asked, connections, folder, seconds: effort.warmUpSeconds };
    const { failures, requests } = await generator.run(load);
    assertNoFailures(`${subject.name}, ${asked.name}, warm-up`, failures);
    served.set(started.pid, (served.get(started.pid) ?? 0) + requests);
  }
  await untilStill(started.pid);
}

/**
 * Measures a warm subject in one go: a second that counts for nothing, and then what the effort says, or longer for who
 * answers few.
 * @throws if a single answer was an error, the answer afterwards is a wrong one, or something has ended
 */
export async function measure(bench: Bench, alive: Alive, each: Case): Promise<Window> {
  const { generator, upstream, connections, effort, folder } = bench;
  const { subject: known, started: subject, origin } = alive;
  const asked = alive.asked(each);
  const what = `${known.name}, ${asked.name}`;
  const load = { origin, asked, connections, folder, seconds: LEAD_SECONDS };
  let { seconds } = effort;
  if (!effort.isSmoke) {
    const lead = await generator.run(load);
    assertNoFailures(`${what}, before its window`, lead.failures);
    await untilStill(subject.pid);
    seconds = windowSeconds(seconds, connections, lead);
  }
  const isUpstream = subject === upstream;
  const used = () => ({
    subject: cpuMicroseconds(subject.pid),
    load: endedChildrenMicroseconds() + (isUpstream ? 0 : cpuMicroseconds(upstream.pid)),
  });
  const before = used();
  const generated = await generator.run({ ...load, seconds });
  const after = used();
  subject.assertAlive();
  upstream.assertAlive();
  assertNoFailures(what, generated.failures);
  if (generated.requests === 0) throw new Error(`${what}: no request was answered`);
  const least = (known.rewrites ? asked.essence : undefined) ?? asked.answer;
  if (generated.bytes < generated.requests * least.length)
    throw new Error(`${what}: ${generated.bytes} bytes can't be ${generated.requests} answers`);
  if (!effort.isSmoke) await untilStill(subject.pid);
  await assertAnswers(known, origin, asked);
  const cpu = after.subject - before.subject;
  const loadCpu = after.load - before.load;
  return {
    requests: generated.requests,
    requestsPerSecond: generated.requests / generated.seconds,
    cpuMicrosecondsARequest: cpu / generated.requests,
    loadMicrosecondsARequest: loadCpu / generated.requests,
    subjectBusy: cpu / 1e6 / generated.seconds,
    loadBusy: loadCpu / 1e6 / generated.seconds,
    p50: generated.p50,
    p99: generated.p99,
    residentMegabytes: residentMegabytes(subject.pid),
  };
}

function assertNoFailures(what: string, failures: Readonly<Record<string, number>>): void {
  const counts = Object.entries(failures).map(([failure, times]) => `${failure}: ${times}`);
  if (counts.length > 0) throw new Error(`${what}: answers failed (${counts.join('; ')})`);
}
