import { assertAnswers } from '../harness/ask.ts';
import { residentMegabytes } from '../harness/cpu.ts';
import { few } from '../harness/few.ts';
import { findGenerator } from '../harness/generator.ts';
import type { Alive, Site } from '../harness/ground.ts';
import { oneAtATime } from '../harness/one-at-a-time.ts';
import { spread } from '../harness/statistics.ts';
import type { Call, Case, Subject, Upstream } from '../harness/suite.ts';
import { short } from '../harness/wording.ts';

/** A process after many requests; memory in megabytes. */
export interface Lived {
  requests: number;
  /** What ended the load before all requests were made; absent: nothing. */
  endedAfterSeconds?: number;
  atStart: number;
  /** After every two seconds of load. */
  samples: number[];
  /** Medians of the thirds of the samples. */
  thirds: Thirds;
}

/** The first third of a run warms up; the other two are the same where memory is flat. */
export interface Thirds {
  first: number;
  middle: number;
  last: number;
}

export interface LivePlan {
  asked: Case;
  upstream: Upstream;
  subjects: readonly Subject[];
  requests: number;
  /** The load on a subject ends then even if some requests are left. */
  withinSeconds(subject: string): number;
}

const SLICE_SECONDS = 2;

/** Medians of the thirds of a run; of less than three samples, they share some. */
export function thirdsOf(samples: readonly number[]): Thirds {
  const third = Math.ceil(samples.length / 3);
  const median = (part: readonly number[]): number => spread(part).median;
  return {
    first: median(samples.slice(0, third)),
    middle: median(samples.slice(Math.max(0, samples.length - 2 * third), samples.length - third || 1)),
    last: median(samples.slice(-third)),
  };
}

async function liveOne(plan: LivePlan, site: Site, alive: Alive, call: Call): Promise<Lived> {
  const { started, origin, subject } = alive;
  const generator = call.effort.isSmoke ? few() : findGenerator().generator;
  const asked = alive.asked(plan.asked);
  const withinSeconds = plan.withinSeconds(subject.name);
  const atStart = residentMegabytes(started.pid);
  const samples: number[] = [];
  const began = performance.now();
  let requests = 0;
  await assertAnswers(subject, origin, asked);
  while (requests < plan.requests && performance.now() - began < withinSeconds * 1000) {
    const load = { origin, asked, connections: 64, folder: site.folder, seconds: SLICE_SECONDS };
    const generated = await generator.run(load);
    if (Object.keys(generated.failures).length > 0) throw new Error(JSON.stringify(generated.failures));
    started.assertAlive();
    requests += generated.requests;
    samples.push(residentMegabytes(started.pid));
  }
  await assertAnswers(subject, origin, asked);
  return {
    requests,
    ...(requests < plan.requests ? { endedAfterSeconds: withinSeconds } : {}),
    atStart,
    samples,
    thirds: thirdsOf(samples),
  };
}

/** Sends requests to fresh processes, one after the other in each round, and watches their memory. */
export const live = (plan: LivePlan, call: Call) =>
  oneAtATime({ ...plan, first: plan.asked }, call, async (alive, site, where) => {
    const one = await liveOne(plan, site, alive, call);
    call.say(
      `${where}, ${plan.asked.name}: ${one.requests} requests, ${short(one.atStart)} MB at first, ${short(one.samples.at(-1) ?? 0)} MB at last`,
    );
    return one;
  });
