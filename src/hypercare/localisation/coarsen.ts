import { type Cell, type Cube, without } from './cube.ts';
import { type Expectation, likelihoodRatio } from './excess.ts';

/** Share of a cell's excess rate that the rest of its parent must show too, for the parent to be the place. */
const REMAINDER_SHARE = 0.12;
/** Log-likelihood ratio below which the rest's excess may be chance. */
const REMAINDER_EVIDENCE = 4;

/**
 * The widest set that still behaves as a cell does: a finding that names "target b, GET" where all of target b is hit
 * sends people to the wrong place. Where a parent holds nothing else there is no telling, and the finer place stands.
 */
export function coarsen(cell: Cell, cube: Cube, expectation: Expectation): Cell {
  let at = cell;
  for (;;) {
    const rate = expectation.excessOf(at) / at.total;
    let widest: Cell | undefined;
    let most = REMAINDER_SHARE * rate;
    for (const parent of cube.parentsOf(at)) {
      const rest = without(parent, at);
      if (rest.total <= 0) continue;
      const restRate = expectation.excessOf(rest) / rest.total;
      const evidence = likelihoodRatio(rest.bad, expectation.of(rest));
      if (restRate >= most && evidence >= REMAINDER_EVIDENCE) {
        most = restRate;
        widest = parent;
      }
    }
    if (!widest) return at;
    at = widest;
  }
}
