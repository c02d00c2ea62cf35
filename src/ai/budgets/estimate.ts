import type { Usage } from '../../contracts/usage.ts';

/**
 * Bytes of a request's body a token: 4 of English prose and 3 of most other writing, both with less in the form around
 * it. Three is therefore rather too many tokens than too few, and costs nothing to find out, where counting them costs
 * 0.2 ms a kilobyte.
 */
const BYTES_A_TOKEN = 3;
/** No model reads more at once; what a body has beyond it is pictures and sound. */
const LONGEST_INPUT = 200_000;

/** What a call may come to: its input by length, and all the output that it allows. */
export function usageAtMost(bytes: number, maxOutput: number): Usage {
  return {
    input: Math.min(LONGEST_INPUT, Math.ceil(bytes / BYTES_A_TOKEN)),
    output: maxOutput,
    cached: 0,
  };
}
