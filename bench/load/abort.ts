import { type Comparison, comparedBy } from '../harness/compare.ts';
import { type Alive, presentOf, rotated, upstreamOf, withAlive } from '../harness/ground.ts';
import { ALONE } from '../harness/levels.ts';
import { type Beside, busiest, loadsOwn } from '../harness/load-share.ts';
import type { ByRound } from '../harness/one-at-a-time.ts';
import { LOAD_CORE, onCore, pinningObstacle } from '../harness/pinning.ts';
import { spread } from '../harness/statistics.ts';
import type { Call, Findings, Pair, Suite } from '../harness/suite.ts';
import { warmBySaturation } from '../harness/warm.ts';
import { comparisonTable, ranged, short, table } from '../harness/wording.ts';
import { leaveInTurns, PHASES, type Phase, type Upstream, withUpstream } from './abort-leaving.ts';
import { haproxy, rawDispatch, streamingNginx } from './floors.ts';
import { fullGateway } from './gateway.ts';
import { GET_1KB } from './messages.ts';

const WHAT =
  'a client that leaves: after how long its upstream hears of it, before and behind the first byte';

/** The clients of one phase that left one subject in one round. */
export interface Left {
  /** Milliseconds, ascending. */
  ms: number[];
  /** Upstream calls that had not ended `FORGOTTEN_AFTER_MS` later. */
  forgotten: number;
}

/** By phase, then by subject: one a round. */
type LeftByRound = Record<Phase, Record<string, Left[]>>;

/** Clients that leave each subject in each phase and round, a second of the effort; and before them, uncounted. */
const CLIENTS_A_SECOND = 100;
const WARM_CLIENTS_A_SECOND = 50;

const FORGOTTEN_AFTER_MS = 10_000;
/** The smoke run fails on errors and never on a time: what has not ended by then never does. */
const SMOKE_FORGOTTEN_AFTER_MS = 120_000;

/** One round: processes that are warm by requests that are answered, and then by clients that leave. */
async function leaveRound(upstream: Upstream, all: readonly Alive[], { effort }: Call) {
  const { seconds, isSmoke } = effort;
  const left: Record<Phase, Record<string, Left>> = { silent: {}, speaking: {} };
  const leaving = {
    upstream,
    all,
    forgottenAfterMs: isSmoke ? SMOKE_FORGOTTEN_AFTER_MS : FORGOTTEN_AFTER_MS,
  };
  const warming = { ...leaving, clients: isSmoke ? 0 : WARM_CLIENTS_A_SECOND * seconds };
  const counted = { ...leaving, clients: isSmoke ? 3 : CLIENTS_A_SECOND * seconds };
  await leaveInTurns(warming, () => undefined);
  const loads = await leaveInTurns(counted, (subject, phase, ms) => {
    left[phase][subject] ??= { ms: [], forgotten: 0 };
    if (ms === undefined) left[phase][subject].forgotten++;
    else left[phase][subject].ms.push(ms);
  });
  return { left, loads };
}

async function run(call: Call): Promise<Findings> {
  const [nginx, dispatch, full] = [streamingNginx(), rawDispatch(), fullGateway()];
  const { present, missing } = presentOf([nginx, haproxy(), dispatch, full], call);
  const left: LeftByRound = { silent: {}, speaking: {} };
  const loads: Beside[] = [];
  await withUpstream(call, async (upstream, site) => {
    const warm = (alive: Alive): Promise<void> => warmBySaturation(site, alive, GET_1KB, call);
    const alone = upstreamOf(site, ALONE);
    await warm(alone);
    for (let round = 0; round < call.effort.rounds; round++) {
      await withAlive(site, rotated(present, round), GET_1KB, async (all) => {
        for (const each of all) await warm(each);
        const found = await onCore(LOAD_CORE, () => leaveRound(upstream, [alone, ...all], call));
        loads.push(...found.loads);
        for (const phase of PHASES) {
          // In the order of the list, whatever the round's.
          for (const { name } of [alone.subject, ...present]) {
            const { ms, forgotten } = found.left[phase][name] ?? { ms: [], forgotten: 0 };
            left[phase][name] ??= [];
            left[phase][name].push({ ms: ms.sort((a, b) => a - b), forgotten });
            call.say(
              `round ${round + 1}, ${name}, ${phase}: p50 ${short(at(ms, 0.5))} ms, never ${forgotten}`,
            );
            if (name === full.name && forgotten > 0)
              throw new Error(`${name}, ${phase}: ${forgotten} upstream calls did not end`);
          }
        }
      });
    }
  });
  const pairs = [nginx, dispatch].map(({ name }) => ({ subject: full.name, against: name }));
  const besideSubjects = loads.filter(({ what }) => what !== ALONE);
  return {
    effort: `${call.effort.rounds} rounds of ${CLIENTS_A_SECOND * call.effort.seconds} clients in each phase`,
    facts: [
      'one client at a time, on a connection of its own; fresh processes in each round, subjects and phases take turns',
      busiest('one process that is both clients and upstream, on a core without subjects', besideSubjects),
      `before that, each process answers requests until it is warm, and ${WARM_CLIENTS_A_SECOND * call.effort.seconds} clients in each phase leave it uncounted`,
      ...[pinningObstacle()].filter((text) => text !== null),
    ],
    subjects: present,
    missing,
    sections: PHASES.map((phase) => sectionOf(phase, left[phase], pairs)),
    reading: `Milliseconds from the moment that the client closes its connection until the upstream’s side of the call has ended, both seen by one process. Of a round its p50 and p99, of the rounds the median, ranges in brackets; longest and never are of all rounds. "Never": not within ${FORGOTTEN_AFTER_MS / 1000} seconds. "${ALONE}" is the client at the upstream itself: so much of each figure is the load's own.`,
    bottlenecks: loadsOwn(besideSubjects),
    data: { left, loads },
  };
}

const TITLES: Readonly<Record<Phase, string>> = {
  silent: 'before the first byte of the answer',
  speaking: 'behind it',
};

/** The value below which such a share of ascending values lies; NaN of none. */
const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

const PERCENTILES = { p50: 0.5, p99: 0.99 } as const;

/** How much sooner or later the upstreams of one subject hear of it than those of another. */
export const leavesCompared = (left: ByRound<Left>, pairs: readonly Pair[]): Comparison[] =>
  comparedBy(left, pairs, {
    p50: ({ ms }) => at(ms, PERCENTILES.p50),
    p99: ({ ms }) => at(ms, PERCENTILES.p99),
  });

function sectionOf(phase: Phase, left: Readonly<Record<string, Left[]>>, pairs: readonly Pair[]): string {
  const rows = Object.entries(left).map(([subject, rounds]) => {
    const over = (share: number): string => ranged(spread(rounds.map(({ ms }) => at(ms, share))));
    const all = rounds.flatMap(({ ms }) => ms);
    const forgotten = rounds.reduce((sum, round) => sum + round.forgotten, 0);
    return [
      subject,
      String(all.length + forgotten),
      over(PERCENTILES.p50),
      over(PERCENTILES.p99),
      short(Math.max(...all)),
      String(forgotten),
    ];
  });
  return [
    `## ${TITLES[phase]}`,
    table(['subject', 'clients', 'p50, ms', 'p99, ms', 'longest, ms', 'never'], rows),
    ...comparisonTable(['paired by round', 'ratio', 'ms'], leavesCompared(left, pairs)),
  ].join('\n\n');
}

/** How soon an upstream hears that nobody waits any more. */
export const abortSuite = (): Suite => ({ name: 'abort', what: WHAT, run });
