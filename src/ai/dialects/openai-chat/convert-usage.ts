import type { Usage } from '../../../contracts/usage.ts';
import { objectOf } from '../../../lib/json.ts';
import { countOf, isCount } from '../count.ts';

/** The usage that an answer or the last chunk of a stream reports; undefined if it is none. */
export function convertUsage(reported: unknown): Usage | undefined {
  const usage = objectOf(reported);
  const input = usage.prompt_tokens;
  if (!isCount(input)) return undefined;
  const output = countOf(usage.completion_tokens);
  const prompt = objectOf(usage.prompt_tokens_details);
  const completion = objectOf(usage.completion_tokens_details);
  const part = (value: unknown, whole: number, key: keyof Usage): Partial<Usage> =>
    countOf(value) > 0 ? { [key]: Math.min(countOf(value), whole) } : {};
  return {
    input,
    output,
    cached: Math.min(countOf(prompt.cached_tokens), input),
    ...part(prompt.cache_write_tokens, input, 'cacheWrite'),
    ...part(prompt.audio_tokens, input, 'audioInput'),
    ...part(completion.reasoning_tokens, output, 'reasoning'),
    ...part(completion.audio_tokens, output, 'audioOutput'),
  };
}
