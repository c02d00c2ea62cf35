import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Usage } from '../../../contracts/usage.ts';

/** Usage as chat completions report it: cached tokens are part of the prompt, reasoning of the completion. */
export function writeUsage(usage: Usage): JsonObject {
  const { input, output, cached, cacheWrite, reasoning, audioInput, audioOutput } = usage;
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: {
      cached_tokens: cached,
      ...(cacheWrite !== undefined && { cache_write_tokens: cacheWrite }),
      ...(audioInput !== undefined && { audio_tokens: audioInput }),
    },
    completion_tokens_details: {
      reasoning_tokens: reasoning ?? 0,
      ...(audioOutput !== undefined && { audio_tokens: audioOutput }),
    },
  };
}
