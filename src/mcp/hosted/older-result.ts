import type { Result } from '@modelcontextprotocol/server';
import { isObject } from '../../lib/json.ts';

/**
 * A tool's result of 2026-07-28 for a client of 2025-11-25, which knows no `structuredContent` but objects: what is none, or
 * was not said to be one, is the field `result` of one, as the package has its schema in lists for such clients.
 * @param isNoObject whether its tool says that it answers something else
 */
export function asOlderResult(result: Result, isNoObject: boolean): Result {
  const { structuredContent: said } = result as { structuredContent?: unknown };
  if (said === undefined || (isObject(said) && !isNoObject)) return result;
  return { ...result, structuredContent: { result: said } };
}
