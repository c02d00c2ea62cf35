import { residentMegabytes } from '../harness/cpu.ts';
import { few } from '../harness/few.ts';
import { findGenerator } from '../harness/generator.ts';
import { onSite, presentOf, withAlive } from '../harness/ground.ts';
import { spread } from '../harness/statistics.ts';
import type { Call, Case, Subject, Upstream } from '../harness/suite.ts';
import { short } from '../harness/wording.ts';

/** A process after many requests; memory in megabytes. */
export interface Lived {
  subject: string;
  requests: number;
  atStart: number;
  /** After every two seconds of load. */
  samples: number[];
  /** Medians of the middle and of the last third of the samples. */
  middle: number;
  last: number;
}

export interface LivePlan {
  asked: Case;
  upstream: Upstream;
  subjects: readonly Subject[];
  requests: number;
  /** The load ends then even if some requests are left. */
  withinSeconds: number;
}

const SLICE_SECONDS = 2;

/** Sends requests to fresh processes, one after the other, and watches their memory. */
export async function live(
  plan: LivePlan,
  call: Call,
): Promise<{ lived: Lived[]; missing: { subject: string; why: string }[] }> {
  const { present, missing } = presentOf(plan.subjects, call);
  const generator = call.effort.isSmoke ? few() : findGenerator().generator;
  const lived: Lived[] = [];
  await onSite(plan.upstream, plan.asked, call, async ({ upstream, folder, profileTo }) => {
    for (const subject of present) {
      await withAlive({ upstream, folder, profileTo }, [subject], plan.asked, async ([alive]) => {
        if (!alive) return;
        const { started, origin } = alive;
        const asked = alive.asked(plan.asked);
        const atStart = residentMegabytes(started.pid);
        const samples: number[] = [];
        const began = performance.now();
        let requests = 0;
        while (requests < plan.requests && performance.now() - began < plan.withinSeconds * 1000) {
          const load = { origin, asked, connections: 64, folder, seconds: SLICE_SECONDS };
          const generated = await generator.run(load);
          if (Object.keys(generated.failures).length > 0)
            throw new Error(`${subject.name}: ${JSON.stringify(generated.failures)}`);
          started.assertAlive();
          requests += generated.requests;
          samples.push(residentMegabytes(started.pid));
        }
        const third = Math.ceil(samples.length / 3);
        const middle = spread(samples.slice(-2 * third, -third)).median;
        const last = spread(samples.slice(-third)).median;
        lived.push({ subject: subject.name, requests, atStart, samples, middle, last });
        call.say(
          `${subject.name}: ${requests} requests, ${short(atStart)} MB at first, ${short(samples.at(-1) ?? 0)} MB at last`,
        );
      });
    }
  });
  return { lived, missing };
}
