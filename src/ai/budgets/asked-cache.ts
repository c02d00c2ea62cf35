import { spelledOut } from '../../lib/spelled-out.ts';
import type { DearKinds } from '../cost-at-most.ts';

/** What asks a provider to keep what stands before it: Anthropic's, OpenAI's and Amazon's. */
const MARKS = ['"cache_control"', '"prompt_cache_breakpoint"', '"cachePoint"'];
const TIME = '"ttl"';
/** Any time but the five minutes that are usual. */
const LONGER = /"ttl"\s*:(?!\s*"5m")/;

/**
 * Whether a body asks that it be written to a cache, by its bytes, however their letters are written. A text that quotes them has
 * its quotation marks escaped, and asks for nothing.
 * @param json a request's body
 */
export function askedCache(json: Buffer): DearKinds['cacheWrite'] {
  const body = spelledOut(json);
  if (!MARKS.some((mark) => body.includes(mark))) return '';
  return body.includes(TIME) && LONGER.test(body.toString('latin1')) ? 'hour' : 'usual';
}
