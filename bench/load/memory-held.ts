import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ask } from '../harness/ask.ts';
import { runClient } from '../harness/counted.ts';
import { residentMegabytes } from '../harness/cpu.ts';
import type { Alive, Site } from '../harness/ground.ts';
import { oneAtATime } from '../harness/one-at-a-time.ts';
import type { Call, Case, Subject, Upstream } from '../harness/suite.ts';
import { short } from '../harness/wording.ts';
import type { Reading } from './clients/reading.ts';
import { GET_1KB } from './messages.ts';

/** Holds connections: see there. */
export const HOLDERS = fileURLToPath(new URL('./clients/holders.ts', import.meta.url));
/** Requests that a process has answered before its memory is read for the first time. */
export const ASKED_BEFORE = 50;

/** A process with many connections held; memory in megabytes. */
export interface Held {
  held: number;
  lost: number;
  before: number;
  with: number;
  later: number;
  /** Milliseconds of a request beside them; NaN if it got no answer. */
  freshMs: number;
  /** Events that came in a second, and bytes that were read. */
  eventsASecond: number;
  bytesASecond: number;
  /** Shares of their cores that the subject and its load had: 0 to 1. */
  busy: number;
  loadBusy: number;
}

export interface HoldPlan {
  name: string;
  /** What is asked for, and on how many connections each of the paths. */
  asked: Case;
  groups: readonly { path: string; connections: number }[];
  /** How answers are read. */
  reads: Reading;
  heldMs: number;
  subjects: readonly Subject[];
  upstream: Upstream;
}

interface ToldOfHolders {
  held: number;
  lost: number;
  refused: number;
  events: number;
  bytesRead: number;
}

async function holdOne(
  plan: HoldPlan,
  { started, origin, asked }: Alive,
  { upstream }: Site,
  { isSmoke }: Call['effort'],
): Promise<Held> {
  const { method, path, headers, body } = asked(plan.asked);
  for (let i = 0; i < ASKED_BEFORE; i++) await ask(origin, GET_1KB);
  const before = residentMegabytes(started.pid);
  let atBegin = Number.NaN;
  let later = Number.NaN;
  let fresh: Promise<number> | undefined;
  const order = {
    ...{ origin, method, path, headers, body, groups: plan.groups, reads: plan.reads },
    settleMs: isSmoke ? 200 : 1_000,
    countMs: plan.heldMs,
  };
  const { figures, seconds, cpu } = await runClient<ToldOfHolders>(
    HOLDERS,
    order,
    { subject: started.pid, upstream: upstream.pid },
    plan.heldMs + 120_000,
    () => {
      atBegin = residentMegabytes(started.pid);
      // Read while the connections are still held.
      fresh = sleep(plan.heldMs * 0.8).then(async () => {
        later = residentMegabytes(started.pid);
        const began = performance.now();
        const { status } = await ask(origin, GET_1KB).catch(() => ({ status: 0 }));
        return status === 200 ? performance.now() - began : Number.NaN;
      });
    },
  );
  const freshMs = (await fresh) ?? Number.NaN;
  started.assertAlive();
  const { subject = Number.NaN, upstream: behind = Number.NaN, client = Number.NaN } = cpu;
  if (figures.refused > 0) throw new Error(`${figures.refused} answers were errors`);
  if (isSmoke && !Number.isFinite(freshMs)) throw new Error('a fresh request failed');
  return {
    held: figures.held,
    lost: figures.lost,
    before,
    with: atBegin,
    later,
    freshMs,
    eventsASecond: figures.events / seconds,
    bytesASecond: figures.bytesRead / seconds,
    busy: subject / 1e6 / seconds,
    loadBusy: (behind + client) / 1e6 / seconds,
  };
}

/** Opens connections to fresh processes, one after the other in each round, and holds them. */
export const hold = (plan: HoldPlan, call: Call) =>
  oneAtATime({ ...plan, first: GET_1KB }, call, async (alive, site, where) => {
    const one = await holdOne(plan, alive, site, call.effort);
    call.say(
      `${where}, ${plan.name}: ${short(one.before)}, ${short(one.with)}, ${short(one.later)} MB, fresh ${short(one.freshMs)} ms, lost ${one.lost}`,
    );
    return one;
  });
