/**
 * What of Anthropic's that is not yet for all (`anthropic-beta`) a model takes at Bedrock, as far as it needs no fields of its own. Bedrock
 * refuses a request for any other name ("invalid beta flag"), and clients such as Claude Code send many.
 */
const TAKEN: ReadonlyMap<string, RegExp> = new Map([
  ['interleaved-thinking-2025-05-14', /^claude-(?:opus|sonnet|haiku)-4-/],
  ['context-1m-2025-08-07', /^claude-sonnet-4-(?:5|2025)/],
]);

/** @param claude what Anthropic calls the model */
export function betasFor(claude: string, betas: readonly string[]): string[] | undefined {
  const taken = betas.filter((beta) => TAKEN.get(beta)?.test(claude));
  return taken.length > 0 ? taken : undefined;
}
