import type { FromCache } from '../cache/kept-answer.ts';
import type { Amounts } from './draw.ts';

/** What an answer from the cache draws on budgets: a share of what it had come to. One without a price draws no money. */
export function chargeOf({ charge, bill: { usage, usd } }: FromCache): Amounts {
  return {
    usd: charge * Math.max(0, usd),
    tokens: charge * (usage.input + usage.output),
    requests: charge > 0 ? 1 : 0,
  };
}
