import type { JsonObject } from '../../contracts/model-request.ts';
import { isObject } from '../../lib/json.ts';

/**
 * The id of an item that stands there by it alone (`item_reference`, or nothing beside the id): so clients give back what they
 * believe kept by its provider, Vercel's AI SDK all of it. undefined: it says more.
 */
function nameOf(item: unknown): string | undefined {
  if (!isObject(item) || typeof item.id !== 'string') return undefined;
  const isName = item.type === 'item_reference' || (item.type ?? item.role ?? undefined) === undefined;
  return isName ? item.id : undefined;
}

/** A thought: what follows can do without it. */
export const isThoughtsName = (item: unknown): boolean => nameOf(item)?.startsWith('rs_') === true;

/**
 * Where an input names what can't be done without, and is kept by nobody who is asked.
 * @returns its place, `input[2]`; undefined: there is none
 */
export function unkeptName({ input }: JsonObject): string | undefined {
  if (!Array.isArray(input)) return undefined;
  const at = input.findIndex((item) => nameOf(item) !== undefined && !isThoughtsName(item));
  return at < 0 ? undefined : `input[${at}]`;
}
