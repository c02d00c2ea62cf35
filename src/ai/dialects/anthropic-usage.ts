import type { JsonObject } from '../../contracts/model-request.ts';
import type { Usage } from '../../contracts/usage.ts';
import { objectOf } from '../../lib/json.ts';
import { countOf, isCount } from './count.ts';

/**
 * Anthropic's figures as ours. Input that was cached or written to the cache stands beside `input_tokens` there and is
 * part of the input here.
 */
export function convertUsage(reported: JsonObject): Usage | undefined {
  const { input_tokens: fresh, output_tokens: output } = reported;
  if (!isCount(fresh) && !isCount(output)) return undefined;
  const cached = countOf(reported.cache_read_input_tokens);
  const cacheWrite = countOf(reported.cache_creation_input_tokens);
  const hour = Math.min(countOf(objectOf(reported.cache_creation).ephemeral_1h_input_tokens), cacheWrite);
  const searches = countOf(objectOf(reported.server_tool_use).web_search_requests);
  const reasoning = countOf(objectOf(reported.output_tokens_details).thinking_tokens);
  return {
    input: countOf(fresh) + cached + cacheWrite,
    output: countOf(output),
    cached,
    ...(cacheWrite > 0 && { cacheWrite }),
    ...(hour > 0 && { cacheWriteHour: hour }),
    ...(searches > 0 && { searches }),
    ...(reasoning > 0 && { reasoning: Math.min(reasoning, countOf(output)) }),
  };
}
