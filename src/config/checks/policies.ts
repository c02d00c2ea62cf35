import { compileSchema } from '../../lib/json-schema/compile.ts';
import type { Check } from './context.ts';

/** Policies where they can do nothing, and what the policies themselves say against settings that their schemas let pass. */
export const checkPolicies: Check = (config, { policies, fitsSchema, report }) => {
  const elsewhere = [config.get('ai'), config.get('mcp')].flatMap((part) => part.get('policies').items);
  for (const [name, settings] of elsewhere.flatMap((entry) => entry.entries)) {
    if (policies[name]?.on === 'routes')
      report(settings, 'stands on API routes only: it would do nothing here');
  }
  const ofRoutes = config.get('routes').items.flatMap((route) => route.get('policies').items);
  for (const [name, settings] of ofRoutes.flatMap((entry) => entry.entries)) {
    if (policies[name]?.on === 'ai') report(settings, 'stands on ai and mcp only: it would do nothing here');
  }
  if (!fitsSchema) return;
  const lists = [...config.get('routes').items, config.get('ai'), config.get('mcp')].flatMap(
    (part) => part.get('policies').items,
  );
  for (const [name, settings] of lists.flatMap((entry) => entry.entries)) {
    const wrong = policies[name]?.check?.(settings.value as never, { compileSchema });
    if (wrong) report(settings, wrong);
  }
};
