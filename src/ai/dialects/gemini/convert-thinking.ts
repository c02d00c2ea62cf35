import type { JsonObject, Reasoning } from '../../../contracts/model-request.ts';
import { isSince3 } from './generation.ts';

/** Of the models that go by levels those which take `minimal`; for all others `low` is the least (November 2026). */
const TAKES_MINIMAL = /^gemini-(?:3(?:\.[0-6])?-flash|.*flash-lite)/;
/** Those of images don't think, and neither did those before: they refuse even to be told not to. */
const canThink = (model: string): boolean =>
  (isSince3(model) || /^gemini-2\.5-(?:pro|flash)/.test(model)) && !model.includes('image');

/** It can't but think; this is the least of it. */
const ALWAYS_THINKS = /^gemini-2\.5-pro/;
const LEAST_OF_PRO = 128;

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

/** How a model of Google's is told how much to think, and to show it; undefined: it is not told. */
export function convertThinking(reasoning: Reasoning, model: string): JsonObject | undefined {
  const { effort, budget, summary, isUsual } = reasoning;
  if (isUsual && !canThink(model)) return undefined;
  const includeThoughts = effort !== 'none' && budget !== 0 && summary !== 'none';
  if (budget !== undefined) return { includeThoughts, thinkingBudget: budget };
  if (effort === undefined) return { includeThoughts };
  return isSince3(model)
    ? { includeThoughts, thinkingLevel: levelOf(effort, model) }
    : { includeThoughts, thinkingBudget: budgetOf(effort, model) };
}

function levelOf(effort: string, model: string): string {
  const level = LEVELS[effort] ?? 'high';
  return level === 'minimal' && !TAKES_MINIMAL.test(model) ? 'low' : level;
}

function budgetOf(effort: string, model: string): number {
  const budget = BUDGETS[effort] ?? MOST;
  return ALWAYS_THINKS.test(model) ? Math.max(budget, LEAST_OF_PRO) : budget;
}
