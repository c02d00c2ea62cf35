import { gcd } from '../lib/gcd.ts';

const LONGEST = 1000;

/**
 * The order in which weighted members take their turns: as even as can be (smooth weighted round-robin, as in nginx:
 * each turn every member gains its weight, the highest goes and pays the sum). Computed once, so that a pick is one
 * look-up. Weights are reduced so that the order has at most 1,000 turns.
 *
 * @returns indices into `weights`; empty if all weights are 0
 */
export function rotation(weights: readonly number[]): number[] {
  const divisor = weights.reduce(gcd, 0);
  if (divisor === 0) return [];
  let reduced = weights.map((weight) => weight / divisor);
  const sum = reduced.reduce((a, b) => a + b, 0);
  if (sum > LONGEST) {
    reduced = reduced.map((weight) => (weight === 0 ? 0 : Math.max(1, Math.round((weight * LONGEST) / sum))));
  }
  const total = reduced.reduce((a, b) => a + b, 0);
  const current = reduced.map(() => 0);
  const order: number[] = [];
  for (let turn = 0; turn < total; turn++) {
    let best = -1;
    for (let i = 0; i < reduced.length; i++) {
      current[i] = (current[i] as number) + (reduced[i] as number);
      if ((reduced[i] as number) > 0 && (best < 0 || (current[i] as number) > (current[best] as number)))
        best = i;
    }
    current[best] = (current[best] as number) - total;
    order.push(best);
  }
  return order;
}

/** A place in a rotation. It outlives reloads, so that a reload doesn't send every next request to the first member. */
export interface Cursor {
  next: number;
}
