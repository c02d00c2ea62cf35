import type { JsonObject, Reasoning, ToolChoice } from '../../contracts/model-request.ts';
import { own } from '../../lib/own.ts';
import { effortFor } from './effort.ts';

/** Up to Claude 4.5 models think on a budget; those after it as hard as they are told to. */
const ON_A_BUDGET = /^claude-(?:3|(?:opus|sonnet|haiku)-4(?:-[015])?(?:-\d{8}|$|@|-latest))/;

/** They take both. */
const EITHER_WAY = /^claude-(?:opus|sonnet)-4-6(?!\d)/;
/** `Thinking may not be enabled when tool_choice forces tool use`: those after them take both. */
const NO_FORCED_TOOL = /^claude-(?:opus|sonnet)-4-[67](?!\d)/;
/** They can't but think, and refuse to be told not to. */
const ALWAYS_THINKS = /^claude-(?:fable|mythos|opus-5-5)/;

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

export const LEAST_BUDGET = 1_024;
const NO_THINKING: Thinking = { thinking: { type: 'disabled' }, budget: 0 };

const onABudget = (tokens: number): Thinking => ({
  thinking: { type: 'enabled', budget_tokens: tokens },
  budget: tokens,
});

/**
 * How a model of Anthropic's is told how much to think.
 * @param most tokens that the client allows for all of the answer
 * @param toolChoice where there are tools
 */
export function convertThinking(
  reasoning: Reasoning | undefined,
  model: string,
  most = Number.POSITIVE_INFINITY,
  toolChoice?: ToolChoice,
): Thinking {
  if (!reasoning) return { budget: 0 };
  const { effort, budget, summary, isUsual } = reasoning;
  // How it is shown is no reason to think.
  if (isUsual && effort === undefined) return { budget: 0 };
  if (effort === 'none') return ALWAYS_THINKS.test(model) ? { effort: 'low', budget: 0 } : NO_THINKING;
  const isBudgeted = ON_A_BUDGET.test(model);
  if (budget !== undefined && (isBudgeted || EITHER_WAY.test(model))) return onABudget(budget);
  const isForced = toolChoice === 'required' || typeof toolChoice === 'object';
  // The tool is what is asked for first.
  if (isForced && (isBudgeted || NO_FORCED_TOOL.test(model))) return NO_THINKING;
  if (isBudgeted) {
    // An effort is what the client would like; half of what it allows is left for the answer itself.
    const tokens = Math.min(own(BUDGETS, effort ?? 'medium') ?? LEAST_BUDGET, Math.floor(most / 2));
    return tokens < LEAST_BUDGET ? NO_THINKING : onABudget(tokens);
  }
  return {
    // From 4.7 on they keep it for themselves unless they are asked.
    thinking: {
      type: 'adaptive',
      ...(summary && { display: summary === 'none' ? 'omitted' : 'summarized' }),
    },
    // The least that there is.
    effort: effort === 'minimal' ? 'low' : (effort ?? (budget === undefined ? undefined : effortFor(budget))),
    budget: 0,
  };
}
