/** Of calls that belong together. */
export interface UsageFigures {
  calls: number;
  /** Calls that were answered from the cache: no provider was asked, they are none of `calls`. */
  fromCache: number;
  /** Calls whose tokens were estimated, and calls without a price: how much the figures are to be trusted. */
  estimated: number;
  unpriced: number;
  input: number;
  output: number;
  cached: number;
  cacheWrite: number;
  reasoning: number;
  audio: number;
  image: number;
  usd: number;
  /** What those from the cache had cost when their answers were made. */
  savedUsd: number;
}

export const nothing = (): UsageFigures => ({
  calls: 0,
  fromCache: 0,
  estimated: 0,
  unpriced: 0,
  input: 0,
  output: 0,
  cached: 0,
  cacheWrite: 0,
  reasoning: 0,
  audio: 0,
  image: 0,
  usd: 0,
  savedUsd: 0,
});

const NAMES = Object.keys(nothing()) as (keyof UsageFigures)[];

/** Adds others to `figures`. */
export function add(figures: UsageFigures, others: Readonly<UsageFigures>): void {
  for (const name of NAMES) figures[name] += others[name];
}
