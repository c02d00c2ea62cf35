import type { Part } from '../part.ts';
import { OF_CONFIG } from '../serves-many.ts';
import { type Check, type CheckContext, mustDiffer, mustExist } from './context.ts';
import { policiesWithin } from './policies-of.ts';

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
    const known = namesOf(budget.get('scope').text, config, context);
    if (!known) continue;
    for (const name of budget.get('match').items) {
      const isOfToken = known.prefixes.some((prefix) => name.text?.startsWith(prefix));
      if (!isOfToken) mustExist(name, known.what, known.names, context);
    }
  }
  checkWaysAround(config, context);
  const loops = config.get('ai', 'loops');
  if (loops.isWritten && !['maxCalls', 'maxUsd', 'maxDepth'].some((key) => loops.has(key)))
    context.report(loops, 'limits nothing: give maxCalls, maxUsd or maxDepth');
};

function mustLimit(budget: Part, { report }: CheckContext): void {
  if (!['usd', 'tokens', 'requests'].some((unit) => budget.has(unit)))
    report(budget, 'limits nothing: give usd, tokens or requests');
}

interface Names {
  readonly what: string;
  readonly names: readonly string[];
  /** What begins so comes out of tokens, which no config lists. */
  readonly prefixes: readonly string[];
}

/** What may be matched: a name with a typo would switch its budget off in silence. Undefined: anything. */
function namesOf(scope: string | undefined, config: Part, context: CheckContext): Names | undefined {
  const consumers = config.get('consumers').items;
  const texts = (parts: readonly Part[]): string[] => parts.flatMap(({ text }) => text ?? []);
  if (scope === 'model')
    return {
      what: 'model',
      names: [...config.get('ai', 'models').keys, ...openProviders(config)],
      prefixes: [],
    };
  if (scope === 'key') {
    const keys = consumers.flatMap((consumer) =>
      consumer.get('keys').items.map((key) => `${consumer.get('name').text}/${key.get('id').text}`),
    );
    return { what: 'key', names: keys, prefixes: [] };
  }
  const others = policiesWithin(config.get('ai')).filter(([name]) => namesOthers(name, context));
  if (others.some(([name]) => name !== 'auth-jwt')) return undefined;
  if (scope === 'consumer') {
    const prefixes = others.map(([, jwt]) => `${jwt.get('consumerPrefix').text}:`);
    return { what: 'consumer', names: texts(consumers.map((each) => each.get('name'))), prefixes };
  }
  // Tokens bring groups of any name.
  if (scope !== 'group' || others.length > 0) return undefined;
  const groups = consumers.flatMap((each) => each.get('groups').items);
  return { what: 'group', names: texts(groups), prefixes: [] };
}

/** Whether a policy may name consumers that the config does not have. What is misspelt may be one. */
const namesOthers = (policy: string, { policies }: CheckContext): boolean =>
  !OF_CONFIG.has(policy) && (policies[policy] === undefined || policies[policy].slot === 'identify');

/** What is asked of a provider in its own words, by names that the config does not have, as budgets know it. */
const openProviders = (config: Part): string[] =>
  config
    .get('ai', 'providers')
    .entries.filter(([, provider]) => provider.get('passthrough').value === true)
    .map(([name]) => `${name}/*`);

/**
 * Models have more names with their vendors than a config can know (dated ones, aliases): asked by another one, in its
 * provider's own words, a model does not fall under the budget that names it.
 */
function checkWaysAround(config: Part, { warn }: CheckContext): void {
  const budgets = config.get('ai', 'budgets').items.filter((each) => each.get('scope').text === 'model');
  const matched = new Set(budgets.flatMap((each) => each.get('match').items.map(({ text }) => text)));
  const isAll = budgets.some((each) => !each.has('match'));
  const open = openProviders(config).filter((each) => !isAll && !matched.has(each));
  for (const budget of budgets) {
    for (const model of budget.get('match').items) {
      const targets = config.get('ai', 'models', model.text ?? '', 'targets').items;
      const around = open.filter((each) =>
        targets.some((target) => `${target.get('provider').text}/*` === each),
      );
      for (const each of around)
        warn(
          model,
          `does not hold who asks this model by another of its names in the provider’s own words (passthrough): let a budget match ${each} as well, which is all such names together`,
        );
    }
  }
}
