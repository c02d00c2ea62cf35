import type { AnswerFacts, Usage } from '../contracts/usage.ts';

/** What the gateway reads of an answer in OpenAI's form; each field may be missing or be something else. */
export interface Answer {
  choices?: Choice[];
  usage?: {
    prompt_tokens?: number;
    completion_tokens?: number;
    prompt_tokens_details?: { cached_tokens?: number };
  };
  error?: unknown;
}
export interface Choice {
  finish_reason?: string | null;
  message?: { content?: unknown; refusal?: unknown; reasoning_content?: unknown; tool_calls?: unknown };
  delta?: {
    content?: unknown;
    refusal?: unknown;
    reasoning_content?: unknown;
    tool_calls?: { function?: { name?: unknown; arguments?: unknown } }[];
  };
}

/** A provider's figure goes into counters that only grow: nothing that isn't a number of tokens may get there. */
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** The usage that an answer reports, or undefined. */
export function usageOf(answer: Answer): Usage | undefined {
  const {
    prompt_tokens: input,
    completion_tokens: output,
    prompt_tokens_details: details,
  } = answer.usage ?? {};
  if (!isCount(input)) return undefined;
  const cached = details?.cached_tokens;
  return {
    input,
    output: isCount(output) ? output : 0,
    cached: isCount(cached) ? Math.min(cached, input) : 0,
  };
}

/**
 * What a whole answer in OpenAI's form says about itself; undefined if it is none: no JSON object, or an error under a
 * status that says otherwise.
 */
export function factsOfAnswer(body: Buffer): AnswerFacts | undefined {
  const answer = parse(body);
  if (!answer || (answer.error && !Array.isArray(answer.choices))) return undefined;
  const usage = usageOf(answer);
  let finishReason = '';
  let text = '';
  for (const choice of Array.isArray(answer.choices) ? answer.choices : []) {
    if (typeof choice?.finish_reason === 'string') finishReason = choice.finish_reason;
    if (usage) continue;
    const { content, refusal, reasoning_content: reasoning, tool_calls: calls } = choice?.message ?? {};
    for (const said of [content, refusal, reasoning]) if (typeof said === 'string') text += said;
    if (calls) text += JSON.stringify(calls);
  }
  return { usage, finishReason, text, characters: text.length };
}

function parse(body: Buffer): Answer | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    // Said by the caller, as the provider's fault.
    return undefined;
  }
}
