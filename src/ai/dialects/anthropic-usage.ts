import type { JsonObject } from '../../contracts/model-request.ts';
import type { Usage } from '../../contracts/usage.ts';
import { objectOf, objectsOf, textOf } from '../../lib/json.ts';
import { addUsage } from '../add-usage.ts';
import { countOf, isCount } from './count.ts';

/** What an answer in the United States alone (`inference_geo`) costs, times the price of its tokens (2026). */
const IN_THE_US = 1.1;

/**
 * Anthropic's figures as ours. Input that was cached or written to the cache stands beside `input_tokens` there and is
 * part of the input here; so does what it took to make the conversation compact.
 */
export function convertUsage(reported: JsonObject): Usage | undefined {
  const { input_tokens: fresh, output_tokens: output } = reported;
  if (!isCount(fresh) && !isCount(output)) return undefined;
  const searches = countOf(objectOf(reported.server_tool_use).web_search_requests);
  const reasoning = countOf(objectOf(reported.output_tokens_details).thinking_tokens);
  const all = objectsOf(reported.iterations)
    .filter(({ type }) => type === 'compaction')
    .reduce((sum, each) => addUsage(sum, tokensOf(each)), tokensOf(reported));
  return {
    ...all,
    ...(searches > 0 && { searches }),
    ...(reasoning > 0 && { reasoning: Math.min(reasoning, countOf(output)) }),
    ...(reported.inference_geo === 'us' && { surcharge: IN_THE_US }),
  };
}

function tokensOf(reported: JsonObject): Usage {
  const cached = countOf(reported.cache_read_input_tokens);
  const cacheWrite = countOf(reported.cache_creation_input_tokens);
  const hour = Math.min(countOf(objectOf(reported.cache_creation).ephemeral_1h_input_tokens), cacheWrite);
  return {
    input: countOf(reported.input_tokens) + cached + cacheWrite,
    output: countOf(reported.output_tokens),
    cached,
    ...(cacheWrite > 0 && { cacheWrite }),
    ...(hour > 0 && { cacheWriteHour: hour }),
  };
}

/** At which tier it was served, '' if it doesn't say: `fast` is Anthropic's own way to ask for it sooner, at a price of its own. */
export function tierOf({ speed, service_tier: tier }: JsonObject): string {
  if (speed === 'fast') return speed;
  return tier === 'standard' ? 'default' : textOf(tier);
}
