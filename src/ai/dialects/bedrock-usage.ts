import type { JsonObject } from '../../contracts/model-request.ts';
import type { Usage } from '../../contracts/usage.ts';
import { countOf, isCount } from './count.ts';

/** Bedrock's figures as ours: what was read from or written to the cache stands beside its input. */
export function convertUsage(reported: JsonObject): Usage | undefined {
  if (!isCount(reported.inputTokens)) return undefined;
  const cached = countOf(reported.cacheReadInputTokens);
  const cacheWrite = countOf(reported.cacheWriteInputTokens);
  return {
    input: reported.inputTokens + cached + cacheWrite,
    output: countOf(reported.outputTokens),
    cached,
    ...(cacheWrite > 0 && { cacheWrite }),
  };
}
