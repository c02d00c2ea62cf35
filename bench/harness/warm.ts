import { findGenerator } from './generator.ts';
import type { Alive, Site } from './ground.ts';
import { warmUp } from './measure.ts';
import type { Call, Case } from './suite.ts';

/** A turn of it, of which each process has so many as it needs. */
const TURN_SECONDS = 2;
const CONNECTIONS = 64;

/** Drives a fresh process at saturation until it is warm, for suites that then measure something else. */
export async function warmBySaturation(
  site: Site,
  alive: Alive,
  asked: Case,
  { effort }: Call,
): Promise<void> {
  const bench = {
    ...site,
    generator: findGenerator().generator,
    connections: CONNECTIONS,
    effort: { ...effort, warmUpSeconds: Math.min(effort.warmUpSeconds, TURN_SECONDS) },
  };
  await warmUp(bench, alive, [asked]);
}
