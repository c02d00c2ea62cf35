import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Usage } from '../../../contracts/usage.ts';

/** Usage as Anthropic reports it: input that was cached, or put into the cache, is counted apart from the rest. */
export function writeUsage({ input, output, cached, cacheWrite = 0, reasoning }: Usage): JsonObject {
  return {
    input_tokens: Math.max(0, input - cached - cacheWrite),
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cached,
    output_tokens: output,
    ...(reasoning !== undefined && { output_tokens_details: { thinking_tokens: reasoning } }),
  };
}
