import type { PolicyConsumer } from '../../contracts/policy.ts';
import { compileSchema } from '../../lib/json-schema/compile.ts';
import type { Part } from '../part.ts';
import type { Check, CheckContext } from './context.ts';

/** Policies where they can do nothing, and what the policies themselves say against settings that their schemas let pass. */
export const checkPolicies: Check = (config, context) => {
  const { policies, fitsSchema, report } = context;
  const elsewhere = [config.get('ai'), config.get('mcp')].flatMap((part) => part.get('policies').items);
  for (const [name, settings] of elsewhere.flatMap((entry) => entry.entries)) {
    if (policies[name]?.on === 'routes')
      report(settings, 'stands on API routes only: it would do nothing here');
  }
  const ofRoutes = config.get('routes').items.flatMap((route) => route.get('policies').items);
  for (const [name, settings] of ofRoutes.flatMap((entry) => entry.entries)) {
    if (policies[name]?.on === 'ai') report(settings, 'stands on ai and mcp only: it would do nothing here');
  }
  const guarded = [...config.get('routes').items, config.get('ai'), config.get('mcp')];
  for (const each of guarded) checkWhoIsAsked(each, context);
  if (!fitsSchema) return;
  const consumers = config.get('consumers').value as readonly PolicyConsumer[];
  const lists = guarded.flatMap((part) => part.get('policies').items);
  for (const [name, settings] of lists.flatMap((entry) => entry.entries)) {
    const wrong = policies[name]?.check?.(settings.value as never, { compileSchema, consumers });
    if (wrong) report(settings, wrong);
  }
};

/** Who may pass is asked of somebody whom no policy has named: nobody could. */
function checkWhoIsAsked(guarded: Part, { policies, report }: CheckContext): void {
  const entries = guarded.get('policies').items.flatMap((entry) => entry.entries);
  const rule = entries.find(([name]) => name === 'authorize');
  // What is misspelt is said already, and may be the one.
  const isAnswered = entries.some(
    ([name]) => policies[name] === undefined || policies[name].slot === 'identify',
  );
  if (rule && !isAnswered)
    report(
      rule[1],
      'lets nobody in: no policy beside it says who asks. Add one of auth-api-key, auth-jwt, auth-mtls, auth-basic',
    );
}
