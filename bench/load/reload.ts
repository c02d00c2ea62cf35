import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../harness/ask.ts';
import { runClient } from '../harness/counted.ts';
import { type Alive, onSite, presentOf, rotated, withAlive } from '../harness/ground.ts';
import { spread } from '../harness/statistics.ts';
import type { Call, Findings, Suite } from '../harness/suite.ts';
import { ranged, short, table } from '../harness/wording.ts';
import { POST_1KB } from './messages.ts';
import { failedOf, OPEN_LOOP, type OpenLoopTold } from './open-loop.ts';
import { gatewayOf, nginxOf, REVISION_PATH, type Reloadable } from './reload-subjects.ts';
import { itemsUpstream } from './upstreams.ts';

const WHAT =
  'reloads of 10, 100 and 1,000 routes under 1,000 requests a second: stall, errors, time to service';
const COUNTS = [10, 100, 1_000];
const RATE = 1_000;

/** One reload in one round. */
interface Reloaded {
  /** From the command until an answer comes from the new configuration. */
  toServiceMs: number;
  /** Of requests while it happened, and of as many without a reload. */
  told: OpenLoopTold;
  quiet: OpenLoopTold;
}

async function loaded(alive: Alive, countMs: number, call: Call, onBegin: () => void): Promise<OpenLoopTold> {
  const { method, path, headers, body } = alive.asked(POST_1KB);
  const rate = call.effort.isSmoke ? 100 : RATE;
  const settleMs = call.effort.isSmoke ? 300 : 2_000;
  const order = { origin: alive.origin, method, path, headers, body, rate, settleMs, countMs };
  const watched = { subject: alive.started.pid };
  return (await runClient<OpenLoopTold>(OPEN_LOOP, order, watched, countMs + 60_000, onBegin)).figures;
}

/** Asks until an answer says the revision. */
async function untilServes(alive: Alive, revision: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const { body } = await ask(alive.origin, { ...POST_1KB, method: 'GET', body: '', path: REVISION_PATH });
    if (body.includes(revision)) return;
    if (performance.now() > deadline) throw new Error(`${alive.subject.name}: no new configuration: ${body}`);
    await sleep(10);
  }
}

async function reloadOnce(alive: Alive, subject: Reloadable, round: number, call: Call): Promise<Reloaded> {
  const countMs = call.effort.isSmoke ? 1_500 : call.effort.seconds * 1_000;
  const quiet = await loaded(alive, countMs, call, () => undefined);
  let toServiceMs = Number.NaN;
  let served: Promise<void> = Promise.resolve();
  const told = await loaded(alive, countMs, call, () => {
    served = sleep(countMs / 4).then(async () => {
      const began = performance.now();
      const revision = `revision-${round + 2}`;
      subject.apply(revision);
      await untilServes(alive, revision);
      toServiceMs = performance.now() - began;
    });
    // It is waited for below, after the client has ended.
    served.catch(() => undefined);
  });
  await served;
  return { toServiceMs, told, quiet };
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
    const results: Record<string, Reloaded[]> = Object.fromEntries(present.map(({ name }) => [name, []]));
    found[routes] = results;
    await onSite(upstream, POST_1KB, call, (site) =>
      withAlive(site, present, POST_1KB, async (all) => {
        for (let round = 0; round < call.effort.rounds; round++) {
          for (const alive of rotated(all, round)) {
            const reloadable = reloadables.find(({ subject }) => subject === alive.subject) as Reloadable;
            const reloaded = await reloadOnce(alive, reloadable, round, call);
            results[alive.subject.name]?.push(reloaded);
            const { told, quiet, toServiceMs } = reloaded;
            call.say(
              `${routes} routes, ${alive.subject.name}: in service after ${short(toServiceMs)} ms, longest ${short(told.times.max)} ms (without ${short(quiet.times.max)}), failed ${failedOf(told)}`,
            );
            // What a peer's reload costs its clients is its own affair.
            const isOurs = alive.subject.name.startsWith('gateway');
            if (call.effort.isSmoke && failedOf(quiet) + (isOurs ? failedOf(told) : 0) > 0)
              throw new Error(`${alive.subject.name}: ${JSON.stringify([told.failures, quiet.failures])}`);
          }
        }
      }),
    );
  }
  return {
    ...findings,
    facts: [
      `upstream: ${upstream.name}; ${RATE} requests a second from an open-loop generator, POST of 1 kB; one reload in each window`,
    ],
    sections: Object.entries(found).map(([routes, results]) => sectionOf(routes, results)),
    reading:
      'Medians of the rounds, ranges in brackets. Longest: the longest that any request of the window took; the stall of a reload is what it adds to a window without one. Failed: requests without an answer of 200, of all windows with a reload. In service: from the command until an answer comes from the new configuration (for the gateway: from the saved file on, which it watches).',
    bottlenecks: [],
    data: { found },
  };
}

function sectionOf(routes: string, results: Record<string, Reloaded[]>): string {
  const rows = Object.entries(results).map(([subject, all]) => {
    const over = (figure: (reloaded: Reloaded) => number): string => ranged(spread(all.map(figure)));
    return [
      subject,
      over((r) => r.toServiceMs),
      over((r) => r.told.times.max),
      over((r) => r.quiet.times.max),
      over((r) => r.told.times.p99),
      over((r) => r.quiet.times.p99),
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
    'failed',
  ];
  return `## ${routes} routes\n\n${table(head, rows)}`;
}

/** What a reload costs those who are being served. */
export const reloadSuite = (): Suite => ({ name: 'reload', what: WHAT, run });
