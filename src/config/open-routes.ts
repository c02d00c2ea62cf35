import { Part } from './part.ts';
import type { PolicySchema } from './schema/policy-schema.ts';
import { servesAi } from './serves-ai.ts';
import { FEEDBACK_PATHS, servesFeedback } from './serves-feedback.ts';

/**
 * Names of the routes that have no policy in the slot `identify`, so that anyone may use them; `ai` for the AI routes
 * where there are some, `mcp` where there are MCP servers, and the paths of people's feedback where it is taken.
 */
export function openRoutes(config: unknown, policies: Readonly<Record<string, PolicySchema>>): string[] {
  const root = new Part(config);
  const isOpen = (part: Part) =>
    !part.get('policies').items.some(({ keys }) => keys.some((name) => policies[name]?.slot === 'identify'));
  const names = root
    .get('routes')
    .items.filter(isOpen)
    .map((route) => route.get('name').text ?? '');
  const [ai, mcp] = [root.get('ai'), root.get('mcp')];
  if (servesAi(ai.value) && isOpen(ai)) names.push('ai');
  if (mcp.get('servers').keys.length > 0 && isOpen(mcp)) names.push('mcp');
  if (servesFeedback(config)) names.push(...FEEDBACK_PATHS);
  return names;
}
