import { type Client, isSpecType } from '@modelcontextprotocol/client';
import type { Result } from '@modelcontextprotocol/server';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { Kind } from '../access/access.ts';

/** Lists, where their entries stand, and by which field. */
export const LISTS = {
  'tools/list': { kind: 'tools', at: 'tools', by: 'name', isOne: isSpecType.ListToolsResult },
  'prompts/list': { kind: 'prompts', at: 'prompts', by: 'name', isOne: isSpecType.ListPromptsResult },
  'resources/list': { kind: 'resources', at: 'resources', by: 'uri', isOne: isSpecType.ListResourcesResult },
  'resources/templates/list': {
    kind: 'resources',
    at: 'resourceTemplates',
    by: 'uriTemplate',
    isOne: isSpecType.ListResourceTemplatesResult,
  },
} as const satisfies Record<
  string,
  { kind: Kind; at: string; by: string; isOne(value: unknown): value is object }
>;
export type ListMethod = keyof typeof LISTS;
export const isList = (method: string): method is ListMethod => Object.hasOwn(LISTS, method);

export type Entry = Record<string, unknown>;

/** Pages of one list: a server that always has one more has none. */
const MOST_PAGES = 64;

/**
 * What the package holds a list's result against, to be handed on as it came: of what the package reads by itself it leaves
 * out every field that it doesn't know, and what is pinned, and shown, is all that a server has said.
 */
export const asItCame = (method: ListMethod) => ({
  '~standard': {
    version: 1 as const,
    vendor: 'hypercare',
    validate: (value: unknown) =>
      LISTS[method].isOne(value)
        ? { value: value as Result }
        : { issues: [{ message: `it is no answer to ${method}` }] },
  },
});

/**
 * All pages of a list.
 * @param timeout milliseconds, of one page
 * @throws GatewayError `mcp_answer_invalid`: it has no end; what the package throws
 */
export async function listAll(client: Client, method: ListMethod, timeout: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const result = await client.request({ method, params }, asItCame(method), { timeout });
    for (const entry of (result as Record<string, Entry[]>)[LISTS[method].at] ?? []) entries.push(entry);
    const { nextCursor } = result as { nextCursor?: string };
    // Some say so in place of nothing that it was the last.
    if (nextCursor === undefined || nextCursor === '' || nextCursor === cursor) return entries;
    cursor = nextCursor;
  }
  throw new GatewayError('mcp_answer_invalid', {
    cause: new Error(`${method} has more than ${MOST_PAGES} pages`),
  });
}
