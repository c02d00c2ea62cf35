import type { JsonObject, Reasoning } from '../../../contracts/model-request.ts';

/** Up to Claude 4.5 models think on a budget; those after it as hard as they are told to. */
const ON_A_BUDGET = /^claude-(?:3|(?:opus|sonnet|haiku)-4(?:-[015])?(?:-\d{8}|$|@|-latest))/;

/** Tokens for an effort, for models that want a budget; Anthropic takes no less than 1024. */
const BUDGETS: Readonly<Record<string, number>> = {
  minimal: 1_024,
  low: 2_048,
  medium: 8_192,
  high: 24_576,
  xhigh: 32_768,
  max: 49_152,
};

export interface Thinking {
  readonly thinking?: JsonObject;
  readonly effort?: string;
  /** Tokens of the answer that go to thinking at most. */
  readonly budget: number;
}

/** How a model of Anthropic's is told how much to think. */
export function convertThinking(reasoning: Reasoning | undefined, model: string): Thinking {
  if (!reasoning) return { budget: 0 };
  const { effort, budget } = reasoning;
  if (effort === 'none') return { thinking: { type: 'disabled' }, budget: 0 };
  const tokens = budget ?? (ON_A_BUDGET.test(model) ? BUDGETS[effort ?? 'medium'] : undefined);
  if (tokens !== undefined) return { thinking: { type: 'enabled', budget_tokens: tokens }, budget: tokens };
  // The least that there is.
  return {
    thinking: { type: 'adaptive' },
    effort: effort === 'minimal' ? 'low' : effort,
    budget: 0,
  };
}
