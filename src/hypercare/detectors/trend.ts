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
