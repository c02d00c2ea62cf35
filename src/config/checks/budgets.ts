import type { Part } from '../part.ts';
import { type Check, type CheckContext, mustDiffer, mustExist } from './context.ts';

/** Budgets: each limits something, and what it names is there. */
export const checkBudgets: Check = (config, context) => {
  const consumers = config.get('consumers').items;
  for (const consumer of consumers) if (consumer.has('budget')) mustLimit(consumer.get('budget'), context);
  const budgets = config.get('ai', 'budgets').items;
  // A consumer's own budget goes by the consumer's name.
  const own = consumers.filter((consumer) => consumer.has('budget'));
  mustDiffer(
    [...own, ...budgets].map((budget) => budget.get('name')),
    'the budget',
    context,
  );
  for (const budget of budgets) {
    mustLimit(budget, context);
    const known = namesOf(budget.get('scope').text, config);
    if (known)
      for (const name of budget.get('match').items) mustExist(name, known.what, known.names, context);
  }
  const loops = config.get('ai', 'loops');
  if (loops.isWritten && !['maxCalls', 'maxUsd', 'maxDepth'].some((key) => loops.has(key)))
    context.report(loops, 'limits nothing: give maxCalls, maxUsd or maxDepth');
};

function mustLimit(budget: Part, { report }: CheckContext): void {
  if (!['usd', 'tokens', 'requests'].some((unit) => budget.has(unit)))
    report(budget, 'limits nothing: give usd, tokens or requests');
}

/** What may be matched, where the config knows all of it: a name with a typo would switch its budget off in silence. */
function namesOf(scope: string | undefined, config: Part): { what: string; names: string[] } | undefined {
  const consumers = config.get('consumers').items;
  if (scope === 'model') return { what: 'model', names: config.get('ai', 'models').keys };
  if (scope === 'key') {
    const keys = consumers.flatMap((consumer) =>
      consumer.get('keys').items.map((key) => `${consumer.get('name').text}/${key.get('id').text}`),
    );
    return { what: 'key', names: keys };
  }
  // Consumers and groups also come out of tokens (auth-jwt), which no config lists.
  return undefined;
}
