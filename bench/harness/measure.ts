import { assertAnswers } from './ask.ts';
import { cpuMicroseconds, endedChildrenMicroseconds, residentMegabytes } from './cpu.ts';
import type { Generator } from './generator.ts';
import type { Alive } from './ground.ts';
import type { Started } from './processes.ts';
import { spread } from './statistics.ts';
import type { Case, Effort } from './suite.ts';

/** One measured second of one subject, or the typical one of several. */
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
  if (effort.warmUpSeconds === 0) return;
  const isCold = (): boolean => (served.get(started.pid) ?? 0) < WARM_REQUESTS;
  for (let turn = 0; turn < cases.length || (turn < MOST_TURNS && isCold()); turn++) {
    const asked = alive.asked(cases[turn % cases.length] as Case);
    const load = { origin, asked, connections, folder, seconds: effort.warmUpSeconds };
    const { failures, requests } = await generator.run(load);
    assertNoFailures(`${subject.name}, ${asked.name}, warm-up`, failures);
    served.set(started.pid, (served.get(started.pid) ?? 0) + requests);
  }
}

/** The median of each figure: a second in which something else had the core is left out by itself. */
export function typical(windows: readonly Window[]): Window {
  const [first] = windows;
  if (!first) throw new Error('nothing was measured');
  const names = Object.keys(first) as (keyof Window)[];
  const medians = names.map((name) => [name, spread(windows.map((window) => window[name])).median]);
  return Object.fromEntries(medians) as Window;
}

/**
 * Measures a warm subject for a second.
 * @throws if a single answer was an error, the answer afterwards is a wrong one, or something has ended
 */
export async function measure(bench: Bench, alive: Alive, each: Case): Promise<Window> {
  const { generator, upstream, connections, folder } = bench;
  const { subject: known, started: subject, origin } = alive;
  const asked = alive.asked(each);
  const what = `${known.name}, ${asked.name}`;
  const load = { origin, asked, connections, folder, seconds: 1 };
  const isUpstream = subject === upstream;
  const used = () => ({
    subject: cpuMicroseconds(subject.pid),
    load: endedChildrenMicroseconds() + (isUpstream ? 0 : cpuMicroseconds(upstream.pid)),
  });
  const before = used();
  const generated = await generator.run(load);
  const after = used();
  subject.assertAlive();
  upstream.assertAlive();
  assertNoFailures(what, generated.failures);
  if (generated.requests === 0) throw new Error(`${what}: no request was answered`);
  const least = (known.rewrites ? asked.essence : undefined) ?? asked.answer;
  if (generated.bytes < generated.requests * least.length)
    throw new Error(`${what}: ${generated.bytes} bytes can't be ${generated.requests} answers`);
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
