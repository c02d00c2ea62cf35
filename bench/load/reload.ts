import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../harness/ask.ts';
import { type Comparison, compared } from '../harness/compare.ts';
import { runClient } from '../harness/counted.ts';
import { type Alive, onSite, presentOf, rotated, type Site, withAlive } from '../harness/ground.ts';
import { LOAD_CORE, onCore, pinningObstacle } from '../harness/pinning.ts';
import { spread } from '../harness/statistics.ts';
import type { Call, Findings, Suite } from '../harness/suite.ts';
import { warmBySaturation } from '../harness/warm.ts';
import { difference, ranged, short, table } from '../harness/wording.ts';
import { POST_1KB } from './messages.ts';
import { brokenOf, failedOf, isBehind, OPEN_LOOP, type OpenLoopTold } from './open-loop.ts';
import { gatewayOf, nginxOf, REVISION_PATH, type Reloadable } from './reload-subjects.ts';
import { itemsUpstream } from './upstreams.ts';

const WHAT =
  'reloads of 10, 100 and 1,000 routes under 1,000 requests a second: stall, errors, time to service';
const COUNTS = [10, 100, 1_000];
const RATE = 1_000;
/** The service of a thousand routes takes more than a second: a window has to see it, or it sees nothing of the reload. */
const LEAST_COUNT_MS = 4_000;
/** Of a window, when the reload is asked for. */
const RELOADED_AT = 0.1;

/** Of the requests of one window. */
interface Loaded extends OpenLoopTold {
  /** Microseconds of the subject's CPU for each that was answered. */
  cpuARequest: number;
}

/** One reload in one round. */
export interface Reloaded {
  /** From the command until an answer comes from the new configuration. */
  toServiceMs: number;
  /** Of requests while it happened, and of as many without a reload. */
  told: Loaded;
  quiet: Loaded;
}

async function loaded(alive: Alive, countMs: number, call: Call, onBegin: () => void): Promise<Loaded> {
  const { method, path, headers, body } = alive.asked(POST_1KB);
  const rate = call.effort.isSmoke ? 100 : RATE;
  const settleMs = call.effort.isSmoke ? 300 : 1_000;
  const order = { origin: alive.origin, method, path, headers, body, rate, settleMs, countMs };
  const watched = { subject: alive.started.pid };
  const { figures, cpu } = await runClient<OpenLoopTold>(
    OPEN_LOOP,
    order,
    watched,
    countMs + 60_000,
    onBegin,
  );
  return { ...figures, cpuARequest: (cpu.subject ?? Number.NaN) / figures.answered };
}

/**
 * Asks which revision serves, on a new connection each time, until a window is over and the right one does.
 * @returns when it first did, in milliseconds of `performance.now()`
 * @throws if it doesn't within a minute
 */
export async function askedFor(
  { origin }: Pick<Alive, 'origin'>,
  isOver: () => boolean,
  serves: (body: string) => boolean,
): Promise<number> {
  const deadline = performance.now() + 60_000;
  let servedAt: number | undefined;
  for (;;) {
    const { body } = await ask(origin, { ...POST_1KB, method: 'GET', body: '', path: REVISION_PATH });
    if (serves(body)) servedAt ??= performance.now();
    if (servedAt !== undefined && isOver()) return servedAt;
    if (servedAt === undefined && performance.now() > deadline)
      throw new Error(`${origin}: no new configuration: ${body}`);
    await sleep(10);
  }
}

const countMsOf = ({ effort }: Call): number =>
  effort.isSmoke ? 1_500 : Math.max(LEAST_COUNT_MS, effort.seconds * 1_000);

/** What happens in a window, and which answer says that it has. */
interface Change {
  apply(): void;
  serves(body: string): boolean;
}

const NO_CHANGE: Change = { apply: () => undefined, serves: () => true };

/** One window, of a reload or of none: it is asked for revisions alike, so that what the asking costs is nothing that a reload adds. */
async function windowOf(
  alive: Alive,
  call: Call,
  { apply, serves }: Change,
): Promise<Pick<Reloaded, 'told' | 'toServiceMs'>> {
  const countMs = countMsOf(call);
  let served: Promise<number> = Promise.resolve(Number.NaN);
  const told = await loaded(alive, countMs, call, () => {
    const end = performance.now() + countMs;
    served = sleep(countMs * RELOADED_AT).then(async () => {
      const began = performance.now();
      apply();
      return (await askedFor(alive, () => performance.now() >= end, serves)) - began;
    });
    // It is waited for below, after the client has ended.
    served.catch(() => undefined);
  });
  return { told, toServiceMs: await served };
}

/** A window with a reload and one without, in turns the first: neither has always the warmer process. */
async function reloadOnce(alive: Alive, subject: Reloadable, round: number, call: Call): Promise<Reloaded> {
  const revision = `revision-${round + 2}`;
  const change: Change = {
    apply: () => subject.apply(revision),
    serves: (body) => body.includes(revision),
  };
  const withReload = () => windowOf(alive, call, change);
  const without = async (): Promise<Loaded> => (await windowOf(alive, call, NO_CHANGE)).told;
  if (round % 2 === 1) return { ...(await withReload()), quiet: await without() };
  const quiet = await without();
  return { ...(await withReload()), quiet };
}

function say(routes: number, subject: string, { told, quiet, toServiceMs }: Reloaded, call: Call): void {
  call.say(
    `${routes} routes, ${subject}: in service after ${short(toServiceMs)} ms, longest ${short(told.times.max)} ms (without ${short(quiet.times.max)}), CPU µs a request ${short(told.cpuARequest)} (without ${short(quiet.cpuARequest)}), failed ${failedOf(told)}`,
  );
  // What a peer's reload costs its clients is its own affair.
  const isOurs = subject.startsWith('gateway');
  if (call.effort.isSmoke && brokenOf(quiet) + (isOurs ? brokenOf(told) : 0) > 0)
    throw new Error(`${subject}: ${JSON.stringify([told.failures, quiet.failures])}`);
}

/** One round: a fresh process for each subject, warm, alone with its load while it is measured. */
async function reloadRound(
  site: Site,
  reloadables: readonly Reloadable[],
  round: number,
  call: Call,
  found: (subject: string, reloaded: Reloaded) => void,
): Promise<void> {
  for (const reloadable of rotated(reloadables, round)) {
    await withAlive(site, [reloadable.subject], POST_1KB, async ([alive]) => {
      if (!alive) return;
      await warmBySaturation(site, alive, POST_1KB, call);
      found(alive.subject.name, await onCore(LOAD_CORE, () => reloadOnce(alive, reloadable, round, call)));
    });
  }
}

async function run(call: Call): Promise<Findings> {
  const counts = call.effort.isSmoke ? [10] : COUNTS;
  const found: Record<string, Record<string, Reloaded[]>> = {};
  let findings: Pick<Findings, 'subjects' | 'missing'> = { subjects: [], missing: [] };
  const upstream = itemsUpstream();
  for (const routes of counts) {
    const reloadables = [nginxOf(routes), gatewayOf(routes)];
    const { present, missing } = presentOf(
      reloadables.map(({ subject }) => subject),
      call,
    );
    findings = { subjects: present, missing };
    const here = reloadables.filter(({ subject }) => present.includes(subject));
    const results: Record<string, Reloaded[]> = Object.fromEntries(present.map(({ name }) => [name, []]));
    found[routes] = results;
    await onSite(upstream, POST_1KB, call, async (site) => {
      for (let round = 0; round < call.effort.rounds; round++) {
        await reloadRound(site, here, round, call, (subject, reloaded) => {
          results[subject]?.push(reloaded);
          say(routes, subject, reloaded, call);
        });
      }
    });
  }
  return {
    ...findings,
    effort: `${call.effort.rounds} rounds, in each a window with a reload and one without, of ${countMsOf(call) / 1000} s`,
    facts: [
      `upstream: ${upstream.name}; ${RATE} requests a second from an open-loop generator, POST of 1 kB; one reload in each window`,
      'a fresh process for each subject and round, warm before its two windows, of which that with the reload is in turns the first and the second',
      'in both windows the bench’s own process, on the load’s core, asks on a new connection every 10 ms which configuration serves, from when the reload is or would be',
      ...[pinningObstacle()].filter((text) => text !== null),
    ],
    sections: Object.entries(found).map(([routes, results]) => sectionOf(routes, results, countMsOf(call))),
    reading:
      'Medians of the rounds, ranges in brackets. Longest: the longest that any request of the window took; the stall of a reload is what it adds to a window of the same process without one, and the table below says whether it adds anything; the last one has the rounds one by one, so that a difference which is none may be seen to have a wide scatter. Failed: requests without an answer of 200, of all windows with a reload. In service: from the command until an answer comes from the new configuration (for the gateway: from the saved file on, which it watches). CPU a request is that of the whole window over what was answered, the reload and the asking for revisions included.',
    bottlenecks: Object.entries(found).flatMap(([routes, results]) =>
      behindOf(results).map((who) => `${who}, ${routes} routes`),
    ),
    data: { found },
  };
}

const FIGURES = { longest: 'max', p99: 'p99' } as const;

/** What the reload adds to each subject's own window without one. */
export const addedBy = (subject: string, all: readonly Reloaded[]): Comparison[] =>
  Object.entries(FIGURES).map(([name, figure]) =>
    compared(
      `${subject}, ${name} with a reload`,
      'without',
      all.map(({ told }) => told.times[figure]),
      all.map(({ quiet }) => quiet.times[figure]),
    ),
  );

/** Windows in which the client has not kept its rate: what they tell of the subject is the client's. */
export const behindOf = (
  results: Readonly<Record<string, readonly Pick<Reloaded, 'told' | 'quiet'>[]>>,
): string[] =>
  Object.entries(results).flatMap(([subject, all]) => {
    const windows = { with: all.map(({ told }) => told), without: all.map(({ quiet }) => quiet) };
    return Object.entries(windows).flatMap(([which, of]) => {
      const behind = of.filter(isBehind).length;
      return behind === 0 ? [] : [`${subject}, ${which} a reload (${behind} of ${of.length} windows)`];
    });
  });

/** Reloads whose windows ended before the new configuration served: what they cost is only in part in the table. */
export const outsideOf = (
  results: Readonly<Record<string, readonly Pick<Reloaded, 'toServiceMs'>[]>>,
  countMs: number,
): string[] =>
  Object.entries(results).flatMap(([subject, all]) => {
    const late = all.filter(({ toServiceMs }) => toServiceMs > countMs * (1 - RELOADED_AT)).length;
    return late === 0
      ? []
      : [`**In service only after the window had ended: ${late} of ${all.length} reloads of ${subject}.**`];
  });

/** The longest request of each window, round by round: what an interval says in one word may have a wide scatter behind it. */
export function roundsOf(results: Readonly<Record<string, readonly Reloaded[]>>): string {
  const most = Math.max(0, ...Object.values(results).map(({ length }) => length));
  const rows = Object.entries(results).flatMap(([subject, all]) => {
    const row = (which: string, figure: (reloaded: Reloaded) => number): string[] => {
      const { min, max, values } = spread(all.map(figure));
      return [`${subject}, ${which}`, ...values.map(short), `${short(min)}–${short(max)}`];
    };
    return [
      row('with a reload', ({ told }) => told.times.max),
      row('without', ({ quiet }) => quiet.times.max),
      row('more with it', ({ told, quiet }) => told.times.max - quiet.times.max),
    ];
  });
  const rounds = Array.from({ length: most }, (_, round) => `round ${round + 1}`);
  return table(['longest, ms', ...rounds, 'min–max'], rows);
}

function sectionOf(routes: string, results: Record<string, Reloaded[]>, countMs: number): string {
  const rows = Object.entries(results).map(([subject, all]) => {
    const over = (figure: (reloaded: Reloaded) => number): string => ranged(spread(all.map(figure)));
    return [
      subject,
      over((r) => r.toServiceMs),
      over((r) => r.told.times.max),
      over((r) => r.quiet.times.max),
      over((r) => r.told.times.p99),
      over((r) => r.quiet.times.p99),
      over((r) => r.told.cpuARequest),
      over((r) => r.quiet.cpuARequest),
      `${all.reduce((sum, r) => sum + failedOf(r.told), 0)} of ${all.reduce((sum, r) => sum + failedOf(r.told) + r.told.answered, 0)}`,
    ];
  });
  const head = [
    'subject',
    'in service, ms',
    'longest, ms',
    'without reload',
    'p99, ms',
    'without reload',
    'CPU µs a request',
    'without reload',
    'failed',
  ];
  const comparisons = Object.entries(results).flatMap(([subject, all]) => addedBy(subject, all));
  return [
    `## ${routes} routes`,
    table(head, rows),
    ...outsideOf(results, countMs),
    table(['paired by round', 'ratio', 'ms'], comparisons.map(difference)),
    roundsOf(results),
  ].join('\n\n');
}

/** What a reload costs those who are being served. */
export const reloadSuite = (): Suite => ({ name: 'reload', what: WHAT, run });
