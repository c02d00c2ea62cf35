import type { JsonObject } from '../../contracts/model-request.ts';
import type { Usage } from '../../contracts/usage.ts';
import { objectOf, objectsOf, textOf } from '../../lib/json.ts';
import { addUsage } from '../add-usage.ts';
import { countOf, isCount } from './count.ts';

/** What an answer in the United States alone (`inference_geo`) costs, times the price of its tokens (2026). */
const IN_THE_US = 1.1;

/**
 * Anthropic's figures as ours. Input that was cached or written to the cache stands beside `input_tokens` there and is
 * part of the input here; so does what it took to make the conversation compact. What others did is theirs: the answer says of
 * itself how long its prompt was and what came of it, whoever made it, and its own model is billed for its iterations.
 */
export function convertUsage(reported: JsonObject): Usage | undefined {
  const { input_tokens: fresh, output_tokens: output } = reported;
  if (!isCount(fresh) && !isCount(output)) return undefined;
  const searches = countOf(objectOf(reported.server_tool_use).web_search_requests);
  const reasoning = countOf(objectOf(reported.output_tokens_details).thinking_tokens);
  const { own, byOthers } = iterationsOf(reported);
  const [first = {}, ...more] = own;
  const sum = more.reduce((all, each) => addUsage(all, tokensOf(each)), tokensOf(first));
  const surcharge = reported.inference_geo === 'us' && { surcharge: IN_THE_US };
  const whole = (all: Usage): Usage => ({
    ...all,
    ...(searches > 0 && { searches }),
    ...(reasoning > 0 && { reasoning: Math.min(reasoning, all.output) }),
    ...surcharge,
  });
  if (byOthers.length === 0) return whole(sum);
  const others = byOthers.map((each) => ({
    model: textOf(each.model),
    usage: { ...tokensOf(each), ...surcharge },
  }));
  // Who goes on when it has been advised reads its prompt anew, and who declined said nothing of what is read.
  return { ...whole(tokensOf(reported)), billed: whole(sum), byOthers: others };
}

/**
 * What an answer was made in: by the model that was asked, and by others. Where an advisor was asked, or another model stood in, the
 * iterations say what each is billed; else the figures above them do, for all but what it took to make the conversation compact.
 */
function iterationsOf(reported: JsonObject): { own: readonly JsonObject[]; byOthers: readonly JsonObject[] } {
  const all = objectsOf(reported.iterations);
  const stoodIn = all.some(({ type }) => type === 'fallback_message');
  // Who declined before another stood in has an entry as who was asked has: by its model.
  const isOthers = ({ type, model }: JsonObject): boolean =>
    textOf(model) !== '' && (stoodIn || type === 'advisor_message');
  const byOthers = all.filter(isOthers);
  if (byOthers.length === 0)
    return { own: [reported, ...all.filter(({ type }) => type === 'compaction')], byOthers };
  return { own: all.filter((each) => !isOthers(each)), byOthers };
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
