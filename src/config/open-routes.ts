import { Part } from './part.ts';
import type { PolicySchema } from './schema/policy-schema.ts';

/**
 * Names of the routes that have no policy in the slot `identify`, so that anyone may use them; `ai` for the AI routes
 * where there are models.
 */
export function openRoutes(config: unknown, policies: Readonly<Record<string, PolicySchema>>): string[] {
  const root = new Part(config);
  const isOpen = (part: Part) =>
    !part.get('policies').items.some(({ keys }) => keys.some((name) => policies[name]?.slot === 'identify'));
  const names = root
    .get('routes')
    .items.filter(isOpen)
    .map((route) => route.get('name').text ?? '');
  const ai = root.get('ai');
  return ai.get('models').keys.length > 0 && isOpen(ai) ? [...names, 'ai'] : names;
}
