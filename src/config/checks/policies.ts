import type { Check } from './context.ts';

/** What the policies themselves say against settings that their schemas let pass. */
export const checkPolicies: Check = (config, { policies, fitsSchema, report }) => {
  if (!fitsSchema) return;
  const lists = [...config.get('routes').items, config.get('ai')].flatMap(
    (part) => part.get('policies').items,
  );
  for (const [name, settings] of lists.flatMap((entry) => entry.entries)) {
    const wrong = policies[name]?.check?.(settings.value as never);
    if (wrong) report(settings, wrong);
  }
};
