import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Usage } from '../../../contracts/usage.ts';
import { objectOf } from '../../../lib/json.ts';
import { countOf, isCount } from '../count.ts';

/** Cohere's figures as ours: those that it bills where it says them, else those that it counted. */
export function convertUsage(reported: JsonObject): Usage | undefined {
  const billed = objectOf(reported.billed_units);
  const counted = isCount(billed.input_tokens) ? billed : objectOf(reported.tokens);
  const { input_tokens: input, output_tokens: output } = counted;
  if (!isCount(input)) return undefined;
  return { input, output: countOf(output), cached: Math.min(countOf(reported.cached_tokens), input) };
}
