import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Amount, Usage } from '../../../contracts/usage.ts';
import { objectOf } from '../../../lib/json.ts';
import { countOf, isCount } from '../count.ts';
import { reportedCost } from '../reported-cost.ts';

/**
 * What an answer or a chunk of a stream says that it came to; undefined if it says nothing. Groq says it of streams in a
 * field of its own, Moonshot with the choice.
 */
export function usageIn({ usage, x_groq: ofGroq, choices }: JsonObject): Usage | undefined {
  const said = convertUsage(usage);
  if (said) return said;
  if (ofGroq !== undefined) return convertUsage(objectOf(ofGroq).usage);
  return Array.isArray(choices) ? convertUsage(objectOf(choices[0]).usage) : undefined;
}

/** The figures as ours; undefined if they are none. */
function convertUsage(reported: unknown): Usage | undefined {
  const usage = objectOf(reported);
  const input = usage.prompt_tokens;
  if (!isCount(input)) return undefined;
  const prompt = objectOf(usage.prompt_tokens_details);
  const completion = objectOf(usage.completion_tokens_details);
  const said = countOf(usage.completion_tokens);
  // xAI counts what was thought beside what was said, and Google's own API of this form in the total alone.
  const beside = Math.max(0, countOf(usage.total_tokens) - input - said);
  const reasoning = countOf(completion.reasoning_tokens) || beside;
  const output = beside >= reasoning ? said + reasoning : said;
  // Moonshot and DeepSeek have names of their own.
  const cached =
    countOf(prompt.cached_tokens) || countOf(usage.cached_tokens) || countOf(usage.prompt_cache_hit_tokens);
  const part = (value: unknown, whole: number, key: Amount): Partial<Usage> =>
    countOf(value) > 0 ? { [key]: Math.min(countOf(value), whole) } : {};
  return {
    input,
    output,
    cached: Math.min(cached, input),
    // OpenRouter and Qwen.
    ...part(prompt.cache_write_tokens ?? prompt.cache_creation_input_tokens, input, 'cacheWrite'),
    ...part(prompt.audio_tokens, input, 'audioInput'),
    // Mistral sells sound by the second, beside the tokens.
    ...part(usage.prompt_audio_seconds, Number.POSITIVE_INFINITY, 'audioSeconds'),
    ...part(reasoning, output, 'reasoning'),
    ...part(completion.audio_tokens, output, 'audioOutput'),
    // Perplexity.
    ...part(usage.num_search_queries, Number.POSITIVE_INFINITY, 'searches'),
    ...reportedCost(usage),
  };
}
