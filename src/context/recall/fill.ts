/** Largest share of a budget that the tail may take: a short budget is for what was asked. */
const TAIL_SHARE = 0.15;

export interface FillOptions {
  /** Tokens of each passage, by position. */
  tokens: readonly number[];
  /** Positions, the most wanted first. */
  ranked: readonly number[];
  /** Tokens in all. */
  budget: number;
  /** Most passages that go in because they are the latest. */
  tail: number;
}

/**
 * What of a conversation goes into a budget: its latest passages, so that the talk goes on where it is, and those that
 * the new question needs. One that doesn't fit leaves its room to the next.
 *
 * @returns positions in the order in which they were said
 */
export function fill({ tokens, ranked, budget, tail }: FillOptions): number[] {
  const chosen = new Set<number>();
  let used = 0;
  for (let position = tokens.length - 1; position >= tokens.length - tail && position >= 0; position--) {
    const cost = tokens[position] as number;
    if (used + cost > budget * TAIL_SHARE) break;
    chosen.add(position);
    used += cost;
  }
  for (const position of ranked) {
    const cost = tokens[position] as number;
    if (chosen.has(position) || used + cost > budget) continue;
    chosen.add(position);
    used += cost;
  }
  return [...chosen].sort((a, b) => a - b);
}
