import type { JsonObject } from '../../contracts/model-request.ts';
import type { Usage } from '../../contracts/usage.ts';
import { objectsOf } from '../../lib/json.ts';
import { countOf, isCount } from './count.ts';

/** Bedrock's figures as ours: what was read from or written to the cache stands beside its input. */
export function convertUsage(reported: JsonObject): Usage | undefined {
  if (!isCount(reported.inputTokens)) return undefined;
  const cached = countOf(reported.cacheReadInputTokens);
  const cacheWrite = countOf(reported.cacheWriteInputTokens);
  const forAnHour = objectsOf(reported.cacheDetails).filter(({ ttl }) => ttl === '1h');
  const hour = forAnHour.reduce((sum, { inputTokens }) => sum + countOf(inputTokens), 0);
  return {
    input: reported.inputTokens + cached + cacheWrite,
    output: countOf(reported.outputTokens),
    cached,
    ...(cacheWrite > 0 && { cacheWrite }),
    ...(hour > 0 && { cacheWriteHour: Math.min(hour, cacheWrite) }),
  };
}
