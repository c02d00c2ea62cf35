import { type Comparison, compared } from '../harness/compare.ts';
import { ALONE, bottlenecksOf, type LevelWindow, measureLevels, over } from '../harness/levels.ts';
import type { Call, Findings, Pair, Suite } from '../harness/suite.ts';
import { difference, percent, ranged, short, table } from '../harness/wording.ts';
import { haproxy, plainNginx, rawDispatch } from './floors.ts';
import { fullGateway, plainGateway } from './gateway.ts';
import { POST_1KB } from './messages.ts';
import { failedOf, OPEN_LOOP, type OpenLoopTold } from './open-loop.ts';
import { itemsUpstream } from './upstreams.ts';

const WHAT = 'milliseconds that are added to requests at fixed rates, from an open-loop generator';
const RATES = [1_000, 5_000];
const SMOKE_RATES = [100];

type Window = LevelWindow<OpenLoopTold>;

async function run(call: Call): Promise<Findings> {
  const nginx = plainNginx();
  const dispatch = rawDispatch();
  const full = fullGateway();
  const rates = call.effort.isSmoke ? SMOKE_RATES : RATES;
  const upstream = itemsUpstream();
  const plan = {
    client: OPEN_LOOP,
    asked: POST_1KB,
    subjects: [nginx, haproxy(), dispatch, plainGateway(), full],
    levels: rates.map((rate) => ({ name: `${rate} requests a second`, order: { rate } })),
    upstream,
    // V8 has to get warm at the rate that is measured.
    settleMs: call.effort.isSmoke ? 500 : 6_000,
  };
  const { windows, missing, present } = await measureLevels<OpenLoopTold>(plan, call, (what, window) => {
    const { figures } = window;
    call.say(
      `${what}: p50 ${short(figures.times.p50)}, p99 ${short(figures.times.p99)} ms, ${short(aRequest(window))} µs, failed ${failedOf(figures)}`,
    );
    if (failedOf(figures) > 0) throw new Error(`${what}: ${JSON.stringify(figures.failures)}`);
  });
  const pairs = [nginx, dispatch].map(({ name }) => ({ subject: full.name, against: name }));
  const levels = Object.entries(windows);
  return {
    facts: [
      `upstream: ${upstream.name}; POST of 1 kB, answer of 1 kB; each request is sent at its own time (Poisson arrivals), whatever has been answered`,
    ],
    subjects: present,
    missing,
    sections: levels.map(([name, found]) => sectionOf(name, found, pairs)),
    reading:
      'Added is the percentile less that of the client at the upstream itself in the same round; medians of the rounds, ranges in brackets. Times run from the sending of a request; a request that finds no free connection opens one, so that nothing waits for answers (no coordinated omission). CPU a request at a low rate is more than at saturation: every request wakes the process up.',
    bottlenecks: levels.flatMap(([name, found]) => bottlenecksOf(name, found)),
    data: { windows },
  };
}

const aRequest = ({ cpu, figures }: Window): number => cpu / figures.answered;

const PERCENTILES = ['p50', 'p99', 'p999'] as const;

function sectionOf(name: string, found: Record<string, Window[]>, pairs: readonly Pair[]): string {
  const alone = found[ALONE] ?? [];
  const added = (subject: string, which: (typeof PERCENTILES)[number]): number[] =>
    (found[subject] ?? []).map(
      ({ figures }, round) => figures.times[which] - (alone[round]?.figures.times[which] ?? Number.NaN),
    );
  const subjects = Object.entries(found).filter(([subject]) => subject !== ALONE);
  const rows = subjects.map(([subject, windows]) => [
    subject,
    ...PERCENTILES.map((which) =>
      ranged(over(windows, (w) => added(subject, which)[windows.indexOf(w)] ?? Number.NaN)),
    ),
    ranged(over(windows, aRequest)),
    percent(over(windows, (w) => w.subjectBusy).median),
    percent(over(windows, (w) => w.loadBusy).median),
  ]);
  const comparisons = (which: 'p50' | 'p99'): Comparison[] =>
    pairs
      .map(({ subject, against }) => compared(subject, against, added(subject, which), added(against, which)))
      .filter(({ added }) => Number.isFinite(added.median));
  const direct = (figure: (told: OpenLoopTold) => number): string =>
    short(over(alone, (w) => figure(w.figures)).median);
  const compare = (which: 'p50' | 'p99'): string[] =>
    comparisons(which).length === 0
      ? []
      : [table([`added ${which}, paired by round`, 'ratio', 'ms'], comparisons(which).map(difference))];
  return [
    `## ${name}`,
    table(['subject', 'p50, ms added', 'p99', 'p99.9', 'CPU µs a request', 'its core', 'load’s core'], rows),
    `Client at the upstream itself: p50 ${direct((t) => t.times.p50)}, p99 ${direct((t) => t.times.p99)}, p99.9 ${direct((t) => t.times.p999)} ms; it sent its requests late by ${direct((t) => t.lateness.p50)} ms at the median and ${direct((t) => t.lateness.p99)} ms at p99 (its timer counts milliseconds).`,
    ...compare('p50'),
    ...compare('p99'),
  ].join('\n\n');
}

/** What the gateway adds to the time of a request that finds it mostly idle. */
export const latencySuite = (): Suite => ({ name: 'latency', what: WHAT, run });
