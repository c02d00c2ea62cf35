import type { DearKinds } from '../cost-at-most.ts';

/** What asks a provider to keep what stands before it: Anthropic's, OpenAI's and Amazon's. */
const MARKS = ['"cache_control"', '"prompt_cache_breakpoint"', '"cachePoint"'];
const TIME = '"ttl"';
/** Any time but the five minutes that are usual. */
const LONGER = /"ttl"\s*:\s*(?!"5m")/;
/** A letter, a digit or `_` as an escape: nobody has to write them so, and whoever hides a word may. */
const HIDDEN = /\\u00(?:3\d|5f|[46][1-9a-f]|[57][0-9a])/i;

/**
 * Whether a body asks that it be written to a cache, by its bytes; what hides a letter may hide that. A text that quotes them has
 * its quotation marks escaped, and asks for nothing.
 * @param body JSON
 */
export function askedCache(body: Buffer): DearKinds['cacheWrite'] {
  if (body.includes('\\u00') && HIDDEN.test(body.toString('latin1'))) return 'hour';
  if (!MARKS.some((mark) => body.includes(mark))) return '';
  return body.includes(TIME) && LONGER.test(body.toString('latin1')) ? 'hour' : 'usual';
}
