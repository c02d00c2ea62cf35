import { type Alive, onSite, presentOf, rotated, type Site, withAlive } from './ground.ts';
import type { Call, Case, Subject, Upstream } from './suite.ts';

/** What was found of each subject: an item a round, in the order of the list whatever the round's. */
export type ByRound<T> = Readonly<Record<string, readonly T[]>>;

/** Who is measured, before which upstream, and what is asked for until a subject serves. */
export interface OneAtATime {
  subjects: readonly Subject[];
  upstream: Upstream;
  first: Case;
}

/**
 * Measures subjects in interleaved rounds, each a fresh process that has the machine for itself: for figures such as memory,
 * which take a whole process and not a window of one.
 * @param where the round and the subject, in words
 * @throws with the round if one of them fails in it
 */
export async function oneAtATime<T>(
  { subjects, upstream, first }: OneAtATime,
  call: Call,
  measure: (alive: Alive, site: Site, where: string) => Promise<T>,
): Promise<{ found: ByRound<T>; present: Subject[]; missing: { subject: string; why: string }[] }> {
  const { present, missing } = presentOf(subjects, call);
  const found: Record<string, T[]> = Object.fromEntries(present.map(({ name }) => [name, []]));
  await onSite(upstream, first, call, async (site) => {
    for (let round = 0; round < call.effort.rounds; round++) {
      for (const subject of rotated(present, round)) {
        const where = `round ${round + 1}, ${subject.name}`;
        try {
          const one = await withAlive(site, [subject], first, ([alive]) =>
            measure(alive as Alive, site, where),
          );
          found[subject.name]?.push(one);
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error);
          throw new Error(`${where}: ${why}`, { cause: error });
        }
      }
    }
  });
  return { found, present, missing };
}
