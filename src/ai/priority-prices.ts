// What is not in the table of prices: how many times the usual price an answer at the tier `priority` costs, or Anthropic's `fast`
// ones, by the providers' price lists (2026). The configuration's `tiers` go before.

const FACTORS: readonly (readonly [model: RegExp, factor: number])[] = [
  [/^gpt-4o-mini/, 0.25 / 0.15],
  [/^gpt-4o/, 1.7],
  [/^gpt-4\.1-nano/, 2],
  [/^gpt-4\.1/, 1.75],
  [/^o3/, 1.75],
  [/^o4-mini/, 2 / 1.1],
  [/^gpt-5-mini/, 1.8],
  [/^gpt-5\.5/, 2.5],
  [/^gpt-[5-9]/, 2],
  // Google says 75 to 100 % more, whichever the model.
  [/^gemini-/, 2],
  // Amazon says 75 % more, whosever model it is: `amazon.nova-pro-v1:0`, `us.anthropic.claude-…`.
  [/^(?:[a-z-]+\.)?[a-z][a-z0-9]*\.[a-z]/, 1.75],
];

/** 1 for models that nobody is known to sell so. */
export const priorityFactor = (model: string): number =>
  FACTORS.find(([known]) => known.test(model))?.[1] ?? 1;

const FAST_FACTORS: typeof FACTORS = [
  [/^claude-opus-4-[67](?!\d)/, 6],
  [/^claude-/, 2],
];

export const fastFactor = (model: string): number =>
  FAST_FACTORS.find(([known]) => known.test(model))?.[1] ?? 1;
