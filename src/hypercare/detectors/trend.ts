export interface Trend {
  /** A step: the median of all slopes between two points (Theil 1950, Sen 1968). */
  readonly slope: number;
  /** Standard normal under "no trend" (Mann 1945, Kendall 1975), without ties. */
  readonly z: number;
}

/** The trend of values that follow one another in even steps; at most some 100 of them, as it compares all pairs. */
export function trendOf(values: readonly number[]): Trend {
  const n = values.length;
  if (n < 4) return { slope: 0, z: 0 };
  const slopes: number[] = [];
  let sum = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const step = (values[j] as number) - (values[i] as number);
      slopes.push(step / (j - i));
      sum += Math.sign(step);
    }
  }
  slopes.sort((a, b) => a - b);
  const variance = (n * (n - 1) * (2 * n + 5)) / 18;
  return {
    slope: slopes[Math.floor(slopes.length / 2)] as number,
    z: sum === 0 ? 0 : (sum - Math.sign(sum)) / Math.sqrt(variance),
  };
}

/**
 * Whether values rather stepped than crept: two levels with one change between them leave a smaller residual sum of
 * squares than a straight line does, wherever the change lies.
 */
export function isStep(values: readonly number[]): boolean {
  const n = values.length;
  if (n < 4) return false;
  const sum = values.reduce((all, each) => all + each, 0);
  // Sums of squares about the mean that either explains; what is left over is the rest of the same total.
  const middle = (n - 1) / 2;
  const along = values.reduce((all, each, at) => all + (at - middle) * each, 0);
  const byLine = (along * along * 12) / (n * (n * n - 1));
  let byStep = 0;
  let before = 0;
  for (let at = 1; at < n; at++) {
    before += values[at - 1] as number;
    const difference = before / at - (sum - before) / (n - at);
    byStep = Math.max(byStep, (difference * difference * at * (n - at)) / n);
  }
  return byStep > byLine;
}
