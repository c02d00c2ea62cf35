import type { JsonObject, Reasoning } from '../../../contracts/model-request.ts';

/** From Gemini 3 on models are told a level; those before it a budget of tokens. */
const ON_A_LEVEL = /^gemini-(?:[3-9]|\d\d)/;

const LEVELS: Readonly<Record<string, string>> = {
  none: 'minimal',
  minimal: 'minimal',
  low: 'low',
  medium: 'medium',
};
const BUDGETS: Readonly<Record<string, number>> = {
  none: 0,
  minimal: 512,
  low: 1_024,
  medium: 8_192,
};
const MOST = 24_576;

/** How a model of Google's is told how much to think, and to show it. */
export function convertThinking({ effort, budget, summary }: Reasoning, model: string): JsonObject {
  const includeThoughts = effort !== 'none' && budget !== 0 && summary !== 'none';
  if (budget !== undefined) return { includeThoughts, thinkingBudget: budget };
  if (effort === undefined) return { includeThoughts };
  return ON_A_LEVEL.test(model)
    ? { includeThoughts, thinkingLevel: LEVELS[effort] ?? 'high' }
    : { includeThoughts, thinkingBudget: BUDGETS[effort] ?? MOST };
}
