/** A mean with its 95 % interval; null where there are too few to say anything. */
export interface Score {
  readonly value: number;
  readonly interval: readonly [number, number];
  readonly responses: number;
}

/** Of the normal distribution, for 95 %. */
const Z = 1.96;

/** Mean of scores from `least` to `most`. */
export function meanScore(scores: readonly number[], [least, most]: readonly [number, number]): Score | null {
  if (scores.length < 2) return null;
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / (scores.length - 1);
  const half = Z * Math.sqrt(variance / scores.length);
  return {
    value: round(mean),
    interval: [round(Math.max(least, mean - half)), round(Math.min(most, mean + half))],
    responses: scores.length,
  };
}

/** Net promoter score, −100 to 100: promoters (9, 10) less detractors (0 to 6), in percent. */
export function netPromoterScore(scores: readonly number[]): Score | null {
  const votes = scores.map((score) => (score >= 9 ? 100 : score <= 6 ? -100 : 0));
  return meanScore(votes, [-100, 100]);
}

const round = (value: number): number => Math.round(value * 100) / 100;
