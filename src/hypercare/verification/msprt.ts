/** Chance of calling something fixed that is not, however often one looks. */
export const ALPHA = 0.01;
const ENOUGH = Math.log(1 / ALPHA);
/** Rates that the mixture is made of, on either side of the line. */
const POINTS = 48;
/** Smallest rate of the mixture, as a share of the line. */
const LOWEST = 1e-3;

export interface TestSettings {
  /** The rate while it was broken, from 0 to 1. */
  readonly broken: number;
  /** The rate that would be as it should. */
  readonly target: number;
  /** What it must be below; absent: as `lineOf` says. */
  readonly line?: number;
}

export interface TestResult {
  readonly state: 'fixed' | 'not-fixed' | 'inconclusive';
  readonly line: number;
  /** Evidence (e-values) that the rate is below, and above the line, and above the target; 1 / α decides. */
  readonly forFixed: number;
  readonly forBroken: number;
  /** About how many more it takes if things go on as they do; null: decided, or nothing can be said yet. */
  readonly requestsNeeded: number | null;
}

/**
 * Mixture sequential probability ratio test of a rate (Robbins 1970; Johari, Koomen, Pekelis, Walsh 2022), exact for
 * bad and good requests. Against the hypothesis that the rate is at or above a line stands a mixture of rates below
 * it: Λ = mean over θ of (θ/θ₀)^bad ((1−θ)/(1−θ₀))^good. For every rate at or above θ₀ the expectation of each term is at
 * most 1, so by Ville's inequality Λ exceeds 1/α with a chance of at most α, whenever one looks.
 *
 * "Fixed" is: below the line, which is the geometric mean of the target and of the rate while it was broken, with no
 * proof that it is above the target. "Not fixed": above the line, or proven above the target.
 */
export function test(bad: number, total: number, settings: TestSettings): TestResult {
  const { line = lineOf(settings) } = settings;
  const below = logMixture(bad, total, line, 'below');
  const above = logMixture(bad, total, line, 'above');
  const overTarget = logMixture(bad, total, settings.target, 'above');
  const state =
    above >= ENOUGH || overTarget >= ENOUGH ? 'not-fixed' : below >= ENOUGH ? 'fixed' : 'inconclusive';
  const result = {
    state,
    line,
    forFixed: capped(below),
    forBroken: capped(Math.max(above, overTarget)),
  } as const;
  return {
    ...result,
    requestsNeeded:
      state === 'inconclusive'
        ? needed(bad, total, { line, target: settings.target, log: { below, above } })
        : null,
  };
}

/** Between as it was and as it should be. */
export const lineOf = ({ broken, target }: TestSettings): number =>
  Math.min(0.999, Math.max(target, Math.sqrt(target * Math.max(broken, target))));

/**
 * The rate that counts as usual again: half as much again as what was usual, and where it is broken by less than that,
 * between the two; where nothing was usual, a fiftieth of what it was while broken.
 */
export function targetOf(broken: number, expected: number): number {
  const usual = Math.min(expected * 1.5, Math.sqrt(expected * Math.max(broken, expected)));
  return Math.min(0.99, Math.max(usual, Math.min(broken, 1) * 0.02, 1e-4));
}

function logMixture(bad: number, total: number, line: number, side: 'below' | 'above'): number {
  const good = total - bad;
  let largest = Number.NEGATIVE_INFINITY;
  const terms: number[] = [];
  for (let i = 0; i < POINTS; i++) {
    const part = (i + 0.5) / POINTS;
    // Evenly by their logarithm below the line, and of the distance to 1 above it.
    const theta = side === 'below' ? line * LOWEST ** (1 - part) : line + (1 - line) * LOWEST ** (1 - part);
    const term = bad * Math.log(theta / line) + good * Math.log((1 - theta) / (1 - line));
    terms.push(term);
    if (term > largest) largest = term;
  }
  let sum = 0;
  for (const term of terms) sum += Math.exp(term - largest);
  return largest + Math.log(sum / POINTS);
}

/** More than that is "we can't say". */
const MOST_NEEDED = 1_000_000;

/** By the evidence that a request gives (Kullback–Leibler) if things go on as they do. */
function needed(
  bad: number,
  total: number,
  { line, target, log }: { line: number; target: number; log: { below: number; above: number } },
): number | null {
  const rate = total === 0 ? target / 2 : (bad + target / 2) / (total + 1);
  const each = rate * Math.log(rate / line) + (1 - rate) * Math.log((1 - rate) / (1 - line));
  const so = rate < line ? log.below : log.above;
  // A mixture pays for not knowing the rate, which shows once there are requests.
  const cost = total === 0 ? Math.log(POINTS) / 2 : 0;
  const count = Math.max(1, Math.ceil((ENOUGH - Math.max(so, -ENOUGH) + cost) / each));
  return count <= MOST_NEEDED ? count : null;
}

/** A figure that JSON can hold. */
const capped = (log: number): number => Math.exp(Math.min(log, 690));
