import { DIMENSIONS } from '../../record/signals/layout.ts';
import type { Counts } from '../signals/counts.ts';
import { RING } from '../signals/leaves.ts';
import type { Objectives } from './objectives.ts';
import { matches } from './place.ts';
import type { Suspicion } from './suspicion.ts';

const ROUTE = DIMENSIONS.indexOf('route');
const MODEL = DIMENSIONS.indexOf('model');
/** Signals that burn an objective's budget. */
const BURNING: ReadonlySet<string> = new Set(['errors', 'silent', 'contract', 'slow', 'first-token']);

/** Of the error budget of the route or model that a suspicion is all about, the share that it burns; null: not known. */
export function budgetBurnt(
  { counts, objectives }: { readonly counts: Counts; readonly objectives: Objectives },
  { signal, bad, mark, places }: Suspicion,
): number | null {
  if (!mark || !BURNING.has(signal)) return null;
  const { leaves, tick } = counts;
  const from = Math.max(0, tick - RING + 1);
  const burnt = [ROUTE, MODEL].map((dimension) => {
    // Where the place names neither, it is that of most of what was hit.
    const hit = new Map<number, number>();
    for (const { leaf, ring } of counts.cells(mark.id).all()) {
      if (!places.some((place) => matches(counts, leaf, place))) continue;
      const value = leaves.value(leaf, dimension);
      for (let at = from; at <= tick; at++)
        hit.set(value, (hit.get(value) ?? 0) + (ring[at % RING] as number));
    }
    const [most] = [...hit].sort((a, b) => b[1] - a[1]);
    return most ? objectives.burntBy(Math.min(bad, most[1]), signal, { dimension, value: most[0] }) : null;
  });
  const known = burnt.filter((share) => share !== null);
  return known.length === 0 ? null : Math.max(...known);
}
