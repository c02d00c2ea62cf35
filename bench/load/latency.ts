import { ALONE, type Found, type LevelWindow, measureLevels, over, starvedOf } from '../harness/levels.ts';
import {
  added,
  addedColumn,
  aloneOf,
  busyColumns,
  type Column,
  direct,
  levelTable,
  type Mark,
  markOfRounds,
  OF_LOAD,
  pairTable,
} from '../harness/levels-report.ts';
import type { Call, Findings, Pair, Suite } from '../harness/suite.ts';
import { ranged, short } from '../harness/wording.ts';
import { haproxy, plainNginx, rawDispatch } from './floors.ts';
import { fullGateway, plainGateway, SHEDS_BY_DEFAULT } from './gateway.ts';
import { POST_1KB } from './messages.ts';
import { failedOf, isBehind, OPEN_LOOP, type OpenLoopTold } from './open-loop.ts';
import { itemsUpstream } from './upstreams.ts';

const WHAT = 'milliseconds that are added to requests at fixed rates, from an open-loop generator';
const RATES = [1_000, 5_000];
const SMOKE_RATES = [100];

/** Share of a rate that has to be answered in time. */
const HELD = 0.99;

type Told = OpenLoopTold;

async function run(call: Call): Promise<Findings> {
  const nginx = plainNginx();
  const dispatch = rawDispatch();
  const { isSmoke, rounds, seconds } = call.effort;
  // The smoke run fails on errors and never on a time.
  const shed = isSmoke ? {} : SHEDS_BY_DEFAULT;
  const full = fullGateway(shed);
  const upstream = itemsUpstream();
  const answerBytes = POST_1KB.answer.length;
  const plan = {
    client: OPEN_LOOP,
    asked: POST_1KB,
    subjects: [nginx, haproxy(), dispatch, plainGateway(shed), full],
    levels: (isSmoke ? SMOKE_RATES : RATES).map((rate) => ({
      name: `${rate} requests a second`,
      order: { rate, answerBytes },
    })),
    upstream,
    // The process is warm; its connections and what waits at that rate are not.
    settleMs: isSmoke ? 500 : 2_000,
  };
  const { windows, missing, present } = await measureLevels<Told>(plan, call, (what, { figures }) => {
    const { times, failures, planned, inTime } = figures;
    call.say(
      `${what}: p50 ${short(times.p50)}, p99 ${short(times.p99)} ms, ${inTime} of ${planned} in time, sent late by ${short(figures.lateness.p99)} ms at p99, failed ${JSON.stringify(failures)}`,
    );
    const { unanswered = 0 } = failures;
    if (failures['wrong answer'] || (isSmoke && failedOf(figures) > unanswered))
      throw new Error(`${what}: ${JSON.stringify(failures)}`);
  });
  const pairs = [nginx, dispatch].map(({ name }) => ({ subject: full.name, against: name }));
  const levels = Object.entries(windows);
  return {
    effort: `${rounds} interleaved rounds of fresh processes, warmed at saturation; ${plan.settleMs / 1_000} s at the rate before each window and ${seconds} s measured, for each subject and rate`,
    facts: [
      `upstream: ${upstream.name}; POST of 1 kB, answer of 1 kB; each request is sent at its own time (Poisson arrivals), whatever has been answered`,
      'the gateways shed as by default (server.shed: 200 ms of the event loop, 4,000 requests)',
    ],
    subjects: present,
    missing,
    sections: levels.map(([name, found]) => sectionOf(name, found, pairs)),
    reading:
      'Added is the percentile less that of the client at the upstream itself in the same round; medians of the rounds, ranges in brackets. Times run from when a request was due: what the client was late with, and what a request waited for a connection (it opens up to 256), is in them (no coordinated omission). What was due is waited for, ten seconds beyond the window; then it has failed and its time so far is in the percentiles. "Late" is how much the client was behind its plan at p99, "sent/s" what it sent within the window. Who answers less than 99 % of what was due within a second has not held the rate in that round, and where the client sent less than 99 % of it within the window the load was behind; in how many rounds stands with the name. Of whom that is so in half of them or more there are no other figures; those of the others, and their comparisons, are of all rounds. CPU a request at a low rate is more than at saturation: every request wakes the process up.',
    bottlenecks: levels.flatMap(([name, found]) => bottlenecksOf(found).map((who) => `${who}, ${name}`)),
    data: { windows },
  };
}

const aRequest = ({ cpu, figures }: LevelWindow<Told>): number => cpu / figures.answered;

const isHeld = ({ inTime, planned }: Told): boolean => inTime >= HELD * planned;

/** What was not as it should be in a round: of who is not sent enough nothing is known. */
const reasonOf = ({ figures }: LevelWindow<Told>): string | null =>
  isBehind(figures) ? 'the load was behind' : isHeld(figures) ? null : 'rate not held';

/** Whether something is so in half of the rounds or more. */
function mostly(windows: readonly LevelWindow<Told>[], is: (told: Told) => boolean): boolean {
  const so = windows.filter(({ figures }) => is(figures)).length;
  return so > 0 && 2 * so >= windows.length;
}

/** Subjects beside which the load could not do what it should: their figures are the load's. */
const bottlenecksOf = (found: Found<Told>): string[] => [
  ...new Set([
    ...starvedOf(found),
    ...Object.keys(found).filter((subject) => mostly(found[subject] ?? [], isBehind)),
    ...(mostly(found[ALONE] ?? [], (told) => !isHeld(told)) ? [ALONE] : []),
  ]),
];

/** Whose figures are not their own, or not of the rate in all rounds, and why. */
function marksOf(found: Found<Told>): Map<string, Mark> {
  const starved = bottlenecksOf(found);
  const marks = new Map<string, Mark>();
  for (const [subject, windows] of Object.entries(found)) {
    const isOfLoad = starved.includes(subject) || starved.includes(ALONE);
    const mark = isOfLoad ? OF_LOAD : markOfRounds(windows.map(reasonOf));
    if (mark) marks.set(subject, mark);
  }
  return marks;
}

/** One rate in words. */
export function sectionOf(name: string, found: Found<Told>, pairs: readonly Pair[]): string {
  const marks = marksOf(found);
  const figure = (head: string, of: (window: LevelWindow<Told>) => number): Column<Told> => ({
    head,
    of: (_, windows) => ranged(over(windows, of)),
  });
  const columns: Column<Told>[] = [
    addedColumn('p50, ms added', found, ({ times }) => times.p50),
    addedColumn('p99', found, ({ times }) => times.p99),
    addedColumn('p99.9', found, ({ times }) => times.p999),
    figure('CPU µs a request', aRequest),
    ...busyColumns<Told>(),
    { ...figure('sent/s', ({ figures, seconds }) => figures.sent / seconds), stays: true },
    { ...figure('late p99, ms', ({ figures }) => figures.lateness.p99), stays: true },
    { head: 'failed', stays: true, of: (_, windows) => failures(windows) },
  ];
  const compare = (which: 'p50' | 'p99'): string[] =>
    pairTable(
      [`added ${which}, paired by round`, 'ms'],
      pairs,
      (subject) => added(found, subject, ({ times }) => times[which]),
      marks,
    );
  const own = (of: (told: Told) => number): string => direct(found, of);
  return [
    `## ${name}`,
    levelTable(found, columns, marks),
    `${aloneOf(marks.get(ALONE))}: p50 ${own((t) => t.times.p50)}, p99 ${own((t) => t.times.p99)}, p99.9 ${own((t) => t.times.p999)} ms; it sent its requests late by ${own((t) => t.lateness.p50)} ms at the median and ${own((t) => t.lateness.p99)} ms at p99. What is added at p99 or p99.9, and is less than what the client has there by itself, says that it is small and not how small.`,
    ...compare('p50'),
    ...compare('p99'),
  ].join('\n\n');
}

function failures(windows: readonly LevelWindow<Told>[]): string {
  const sum = (of: (told: Told) => number): number =>
    windows.reduce((total, { figures }) => total + of(figures), 0);
  return `${sum(failedOf)} of ${sum(({ planned }) => planned)}`;
}

/** What the gateway adds to the time of a request that finds it mostly idle. */
export const latencySuite = (): Suite => ({ name: 'latency', what: WHAT, run });
