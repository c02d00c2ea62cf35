import type { Measured } from '../../contracts/finding.ts';
import type { Counts } from '../signals/counts.ts';
import { KIND, RING } from '../signals/leaves.ts';
import { matches } from './place.ts';
import type { Suspicion } from './suspicion.ts';

/**
 * Shares that the signal's other reasons have at a suspicion's place, since it began and before that. Undefined: there are
 * none, or the suspicion speaks of the whole signal already.
 */
export function otherReasons(counts: Counts, suspicion: Suspicion): Measured['beside'] {
  const { mark, reason, signal, places, kind, since } = suspicion;
  if (mark === undefined || mark.reason !== reason) return undefined;
  const cells = counts.marks
    .matching(signal)
    .filter(({ id }) => id !== mark.id)
    .map(({ id }) => counts.cells(id))
    .filter(({ size }) => size > 0);
  if (cells.length === 0) return undefined;
  const { leaves, tick } = counts;
  const first = Math.max(0, tick - RING + 1);
  const now = { bad: 0, total: 0 };
  const before = { bad: 0, total: 0 };
  for (let leaf = 0; leaf < leaves.end; leaf++) {
    if (!leaves.isUsed(leaf) || leaves.value(leaf, KIND) !== kind) continue;
    if (!places.some((place) => matches(counts, leaf, place))) continue;
    const own = cells.flatMap((each) => each.of(leaf) ?? []);
    before.total += leaves.base(leaf);
    for (const { base } of own) before.bad += base;
    for (let at = first; at <= tick; at++) {
      const side = at < since ? before : now;
      side.total += leaves.total(leaf, at);
      for (const cell of own) side.bad += cell.at(at);
    }
  }
  if (now.bad === 0 && before.bad === 0) return undefined;
  return {
    observed: now.bad / Math.max(1, now.total),
    expected: before.bad / Math.max(1, before.total),
  };
}
