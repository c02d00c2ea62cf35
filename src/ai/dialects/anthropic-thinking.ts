import type { JsonObject, Reasoning } from '../../contracts/model-request.ts';

/** Up to Claude 4.5 models think on a budget; those after it as hard as they are told to. */
const ON_A_BUDGET = /^claude-(?:3|(?:opus|sonnet|haiku)-4(?:-[015])?(?:-\d{8}|$|@|-latest))/;

/** Tokens for an effort, for models that want a budget; Anthropic takes no less than 1024. */
export const BUDGETS: Readonly<Record<string, number>> = {
  minimal: 1_024,
  low: 2_048,
  medium: 8_192,
  high: 24_576,
  xhigh: 32_768,
  max: 49_152,
};

/** Tokens of an answer beside its thinking where the client set no limit: Anthropic wants one, and every model of today can do this. */
export const ANSWER_TOKENS = 8_192;

export interface Thinking {
  readonly thinking?: JsonObject;
  readonly effort?: string;
  /** Tokens of the answer that go to thinking at most. */
  readonly budget: number;
}

const LEAST_BUDGET = 1_024;
const NO_THINKING: Thinking = { thinking: { type: 'disabled' }, budget: 0 };

const onABudget = (tokens: number): Thinking => ({
  thinking: { type: 'enabled', budget_tokens: tokens },
  budget: tokens,
});

/**
 * How a model of Anthropic's is told how much to think.
 * @param most tokens that the client allows for all of the answer
 */
export function convertThinking(
  reasoning: Reasoning | undefined,
  model: string,
  most = Number.POSITIVE_INFINITY,
): Thinking {
  if (!reasoning) return { budget: 0 };
  const { effort, budget, summary } = reasoning;
  if (effort === 'none') return NO_THINKING;
  if (budget !== undefined) return onABudget(budget);
  if (ON_A_BUDGET.test(model)) {
    // An effort is what the client would like; half of what it allows is left for the answer itself.
    const tokens = Math.min(BUDGETS[effort ?? 'medium'] ?? LEAST_BUDGET, Math.floor(most / 2));
    return tokens < LEAST_BUDGET ? NO_THINKING : onABudget(tokens);
  }
  return {
    // From 4.7 on they keep it for themselves unless they are asked.
    thinking: {
      type: 'adaptive',
      ...(summary && { display: summary === 'none' ? 'omitted' : 'summarized' }),
    },
    // The least that there is.
    effort: effort === 'minimal' ? 'low' : effort,
    budget: 0,
  };
}
