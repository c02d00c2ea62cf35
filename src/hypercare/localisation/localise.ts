import { coarsen } from './coarsen.ts';
import { type Cell, type Condition, Cube, holds, type Leaf } from './cube.ts';
import { Expectation, likelihoodRatio } from './excess.ts';

/** A place that holds a part of the excess. */
export interface Place {
  readonly conditions: readonly Condition[];
  readonly bad: number;
  readonly total: number;
  readonly expected: number;
  /** How sure it is that the rate went up there: Poisson log-likelihood ratio. */
  readonly evidence: number;
}

/** Most dimensions of a place. */
const DEPTH = 3;
/** Most places of one excess. */
const PLACES = 3;
const LEAST_BAD = 5;
const LEAST_EVIDENCE = 10;
/** A further place holds at least this share of the whole excess … */
const FURTHER_EXCESS = 0.2;
/** … and this share of the first one's evidence. */
const FURTHER_EVIDENCE = 0.2;
/** Two values of one dimension explain an excess better than one set if their evidence is this many times its own. */
const TWINS_BETTER = 1.1;
/** Where next to nothing was expected, how much next to nothing it was must not decide. */
const LEAST_EXPECTED = 0.5;
/** The weaker twin has at least this share of the stronger one's evidence. */
const TWIN_EVIDENCE = 0.2;

/**
 * Where an excess sits: the smallest sets of dimension values that hold it, the weightiest first. All sets to depth 3
 * are scanned, the best is widened as long as what it gains behaves alike, taken out, and the rest looked at again.
 *
 * The scan ranks by excess · √ln(O/E) · (excess rate)^¼. The plain likelihood ratio prefers wide sets that merely
 * contain the place; this ranks a purer set before them, and the widening brings back what was cut too fine. The
 * exponents are the middle of a plateau on cases 1 to 63 of the RS data (`npm run bench -- localisation`).
 */
export function localise(leaves: readonly Leaf[]): Place[] {
  const places: Place[] = [];
  let left = leaves;
  let cube = new Cube(left, DEPTH, LEAST_BAD);
  const expectation = new Expectation(cube.whole);
  const excess = expectation.excessOf(cube.whole);
  while (places.length < PLACES && left.length > 0) {
    const seed = bestOf(cube, expectation);
    if (!seed) break;
    const widest = coarsen(seed, cube, expectation);
    const found = (twinsOf(widest, cube, expectation) ?? [widest]).map((cell) => placeOf(cell, expectation));
    if (places[0] && !isWorthNaming(found, places[0], excess)) break;
    places.push(...found);
    left = left.filter((leaf) => !found.some(({ conditions }) => holds(conditions, leaf)));
    cube = new Cube(left, DEPTH, LEAST_BAD);
  }
  return places.slice(0, PLACES);
}

function placeOf(cell: Cell, expectation: Expectation): Place {
  const expected = expectation.of(cell);
  const { conditions, bad, total } = cell;
  return { conditions, bad, total, expected, evidence: likelihoodRatio(bad, expected) };
}

function bestOf(cube: Cube, expectation: Expectation): Cell | undefined {
  let best: Cell | undefined;
  let most = 0;
  for (const cell of cube.cells()) {
    const expected = expectation.of(cell);
    const excess = cell.bad - expected;
    if (cell.bad < LEAST_BAD || excess <= 0 || likelihoodRatio(cell.bad, expected) < LEAST_EVIDENCE) continue;
    const score =
      excess *
      Math.sqrt(Math.log(cell.bad / Math.max(expected, Number.EPSILON))) *
      (excess / cell.total) ** 0.25;
    // The same leaves may be named in several ways: the shorter name comes first, as a rounding must not decide.
    const isShorter =
      best !== undefined && score > most * (1 - 1e-9) && cell.conditions.length < best.conditions.length;
    if (score > most * (1 + 1e-9) || isShorter) {
      best = cell;
      most = score;
    }
  }
  return best;
}

/** Two values of one dimension (two bit rates, two targets) that together explain more than a single set does. */
function twinsOf(single: Cell, cube: Cube, expectation: Expectation): Cell[] | undefined {
  const evidence = (cell: Cell): number =>
    likelihoodRatio(cell.bad, Math.max(LEAST_EXPECTED, expectation.of(cell)));
  const byDimension = new Map<number, { cell: Cell; evidence: number }[]>();
  for (const cell of cube.cells()) {
    const [only, more] = cell.conditions;
    if (!only || more) continue;
    const known = byDimension.get(only.dimension) ?? [];
    known.push({ cell, evidence: evidence(cell) });
    byDimension.set(only.dimension, known);
  }
  let best: Cell[] | undefined;
  let most = TWINS_BETTER * evidence(single);
  for (const values of byDimension.values()) {
    // Of a dimension with two values, both are everything.
    if (values.length < 3) continue;
    const [first, second] = values.sort((a, b) => b.evidence - a.evidence);
    if (!first || !second || second.evidence < TWIN_EVIDENCE * first.evidence) continue;
    if (first.evidence + second.evidence <= most) continue;
    most = first.evidence + second.evidence;
    best = [first.cell, second.cell];
  }
  return best;
}

function isWorthNaming(found: readonly Place[], first: Place, excess: number): boolean {
  const sum = (of: (place: Place) => number): number => found.reduce((all, place) => all + of(place), 0);
  return (
    sum(({ bad, expected }) => bad - expected) >= FURTHER_EXCESS * excess &&
    sum(({ evidence }) => evidence) >= FURTHER_EVIDENCE * first.evidence
  );
}
