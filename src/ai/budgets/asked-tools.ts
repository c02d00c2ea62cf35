import type { ToolUses, Usage } from '../../contracts/usage.ts';
import { isObject, objectOf } from '../../lib/json.ts';
import { own } from '../../lib/own.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Anthropic's, by the day on which it was made; OpenAI's have none, or one with underscores. */
const OF_ANTHROPIC = /^web_search_\d{8}$/;
/** Google's tools are known by their only key. */
const OF_GOOGLE = [
  ...['google_search', 'google_search_retrieval', 'enterprise_web_search'],
  ...['googleSearch', 'googleSearchRetrieval', 'enterpriseWebSearch'],
];
const NO_BOUND = Number.POSITIVE_INFINITY;

/**
 * What a request lets tools that its provider runs itself come to, in what these are sold by; Infinity where it sets no bound.
 * Undefined if it has none of them.
 */
export function askedTools({ tools, max_tool_calls: calls }: Fields): ToolUses | undefined {
  if (!tools) return undefined;
  const uses = { searches: 0, fileSearches: 0, containers: 0 };
  // Google takes one that stands alone, too.
  for (const tool of Array.isArray(tools) ? tools : [tools]) if (isObject(tool)) add(uses, tool, calls);
  return uses.searches + uses.fileSearches + uses.containers > 0 ? uses : undefined;
}

function add(uses: ToolUses, tool: Fields, calls: unknown): void {
  const { type } = tool;
  if (type === 'function') return;
  if (typeof type !== 'string') {
    if (OF_GOOGLE.some((key) => tool[key] !== undefined)) uses.searches += NO_BOUND;
  } else if (OF_ANTHROPIC.test(type)) uses.searches += boundOf(tool.max_uses);
  else if (type.startsWith('web_search')) uses.searches += boundOf(calls);
  else if (type === 'google_search') uses.searches += NO_BOUND;
  else if (type === 'file_search') uses.fileSearches += boundOf(calls);
  else if (own(OPENS_CONTAINER, type)?.(tool)) uses.containers++;
}

/** One that the request names was made, and billed, before. */
const OPENS_CONTAINER: Readonly<Record<string, (tool: Fields) => boolean>> = {
  code_interpreter: ({ container }) => typeof container !== 'string',
  shell: ({ environment }) => objectOf(environment).type === 'container_auto',
};

const boundOf = (most: unknown): number =>
  Number.isSafeInteger(most) && (most as number) > 0 ? (most as number) : NO_BOUND;

/**
 * A call with what its provider's tools may come to.
 * @param otherwise searches of a kind where nothing bounds them
 */
export function withTools(usage: Usage, uses: ToolUses | undefined, otherwise: number): Usage {
  if (!uses) return usage;
  const bounded = (most: number): number => (most === NO_BOUND ? otherwise : most);
  const { searches, fileSearches, containers } = uses;
  return { searches: bounded(searches), fileSearches: bounded(fileSearches), containers, ...usage };
}
