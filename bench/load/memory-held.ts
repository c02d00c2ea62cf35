import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ask } from '../harness/ask.ts';
import { runClient } from '../harness/counted.ts';
import { residentMegabytes } from '../harness/cpu.ts';
import { onSite, presentOf, withAlive } from '../harness/ground.ts';
import type { Call, Case, Subject, Upstream } from '../harness/suite.ts';
import { short } from '../harness/wording.ts';
import { GET_1KB } from './messages.ts';

const CLIENT = fileURLToPath(new URL('./clients/holders.ts', import.meta.url));

/** A process with many connections held; memory in megabytes. */
export interface Held {
  subject: string;
  held: number;
  lost: number;
  before: number;
  with: number;
  later: number;
  /** Milliseconds of a request beside them; NaN if it got no answer. */
  freshMs: number;
  /** Events that came in a second, and the share of its core that the subject had. */
  eventsASecond: number;
  busy: number;
}

export interface HoldPlan {
  name: string;
  /** What is asked for, and on how many connections each of the paths. */
  asked: Case;
  groups: readonly { path: string; connections: number }[];
  /** Whether answers are read. */
  reads: boolean;
  heldMs: number;
  subjects: readonly Subject[];
  upstream: Upstream;
}

interface ToldOfHolders {
  held: number;
  lost: number;
  refused: number;
  events: number;
}

/** Opens connections to fresh processes, one after the other, and holds them. */
export async function hold(
  plan: HoldPlan,
  call: Call,
): Promise<{ held: Held[]; present: Subject[]; missing: { subject: string; why: string }[] }> {
  const { present, missing } = presentOf(plan.subjects, call);
  const found: Held[] = [];
  await onSite(plan.upstream, GET_1KB, call, async (site) => {
    for (const subject of present) {
      await withAlive(site, [subject], GET_1KB, async ([alive]) => {
        if (!alive) return;
        const { started, origin } = alive;
        const { method, path, headers, body } = alive.asked(plan.asked);
        for (let i = 0; i < 50; i++) await ask(origin, GET_1KB);
        const before = residentMegabytes(started.pid);
        let atBegin = Number.NaN;
        let later = Number.NaN;
        let fresh: Promise<number> | undefined;
        const order = {
          ...{ origin, method, path, headers, body, groups: plan.groups, reads: plan.reads },
          settleMs: call.effort.isSmoke ? 200 : 1_000,
          countMs: plan.heldMs,
        };
        const { figures, seconds, cpu } = await runClient<ToldOfHolders>(
          CLIENT,
          order,
          { subject: started.pid },
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
        if (figures.refused > 0) throw new Error(`${subject.name}: ${figures.refused} answers were errors`);
        const held = {
          subject: subject.name,
          held: figures.held,
          lost: figures.lost,
          before,
          with: atBegin,
          later,
          freshMs,
          eventsASecond: figures.events / seconds,
          busy: (cpu.subject ?? Number.NaN) / 1e6 / seconds,
        };
        found.push(held);
        call.say(
          `${plan.name}, ${subject.name}: ${short(before)}, ${short(atBegin)}, ${short(later)} MB, fresh ${short(freshMs)} ms, lost ${figures.lost}`,
        );
        if (call.effort.isSmoke && !Number.isFinite(freshMs))
          throw new Error(`${subject.name}: a fresh request failed`);
      });
    }
  });
  return { held: found, present, missing };
}
