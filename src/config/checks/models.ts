import type { Part } from '../part.ts';
import { keysOfAddress, providerKind } from '../provider-kinds.ts';
import { or } from '../wording.ts';
import { type Check, type CheckContext, mustDiffer, mustExist, mustWeigh } from './context.ts';

/** Providers and models. */
export const checkModels: Check = (config, context) => {
  const ai = config.get('ai');
  const models = ai.get('models');
  const providers = ai.get('providers');
  for (const [, provider] of providers.entries) {
    const [key, url] = [provider.get('apiKey'), provider.get('baseUrl')];
    if (key.text && key.text.trim() === '') context.report(key, 'must not be empty');
    if (url.text?.startsWith('http') && !URL.canParse(url.text)) context.report(url, 'is no valid URL');
    checkAddress(provider, context);
    checkCredentials(provider, context);
    checkKeys(provider, context);
  }
  for (const [, model] of models.entries) {
    const [strategy, sticky] = [model.get('strategy'), model.get('sticky')];
    const isSticky = sticky.isWritten && sticky.text !== 'none';
    if (isSticky && strategy.isWritten && strategy.text !== 'weighted')
      context.report(sticky, `needs strategy weighted: who sticks to a target can’t go by ${strategy.text}`);
    const given = ['targets', 'rules'].filter((key) => model.has(key));
    if (given.length !== 1) {
      context.report(
        model,
        given.length === 0 ? 'needs targets or rules' : 'has both targets and rules: keep one',
      );
    }
    mustWeigh(model.get('targets'), context);
    for (const target of model.get('targets').items)
      mustExist(target.get('provider'), 'provider', providers.keys, context);
    for (const route of model.get('routes').items)
      mustExist(route.get('model'), 'model', models.keys, context);
    for (const next of model.get('fallback').items) mustExist(next, 'model', models.keys, context);
    checkCache(model.get('cache'), models, context);
    mustExist(model.get('shadow', 'model'), 'model', models.keys, context);
  }
  checkCache(ai.get('cache'), models, context);
  checkCycles(models, context);
  mustExistUnlessEmpty(config.get('context', 'compaction', 'summarizer'), models.keys, context);
};

/** A kind that has no address of its own, or needs settings for it, is given one. */
function checkAddress(provider: Part, { report }: CheckContext): void {
  const kind = providerKind(provider.get('kind').text ?? '');
  if (!kind || provider.has('baseUrl')) return;
  if (kind.baseUrl === undefined) {
    report(provider, 'needs baseUrl: this kind has no address that is the same for everyone');
    return;
  }
  const missing = keysOfAddress(kind.baseUrl).filter((key) => !provider.has(key));
  if (missing.length > 0)
    report(provider, `needs ${[...new Set(missing)].join(' and ')} for its address, or baseUrl`);
}

function checkCredentials(provider: Part, { report }: CheckContext): void {
  const isGiven = (key: string): boolean =>
    provider.has(key) || (key === 'apiKey' && provider.has('apiKeys'));
  const ways = providerKind(provider.get('kind').text ?? '')?.credentials ?? [];
  if (ways.length === 0 || ways.some((keys) => keys.every(isGiven))) return;
  report(provider, `needs ${or(ways.map((keys) => keys.join(' and ')))}`);
}

/** One key, or several with a name each. */
function checkKeys(provider: Part, context: CheckContext): void {
  const several = provider.get('apiKeys');
  if (provider.has('apiKey') && provider.has('apiKeys'))
    context.report(several, 'stands beside apiKey: keep one of them');
  mustWeigh(several, context);
  mustDiffer(
    several.items.map((item) => item.get('id')),
    'the key',
    context,
  );
  for (const item of several.items) {
    const key = item.get('apiKey');
    if (key.text && key.text.trim() === '') context.report(key, 'must not be empty');
  }
}

function mustExistUnlessEmpty(part: Part, names: readonly string[], context: CheckContext): void {
  if (part.text !== '') mustExist(part, 'model', names, context);
}

/** Vectors come from a model of the config that asks somebody. */
function checkCache(cache: Part, models: Part, context: CheckContext): void {
  const maker = cache.get('semantic', 'model');
  mustExist(maker, 'model', models.keys, context);
  if (maker.text !== undefined && models.get(maker.text).has('rules'))
    context.report(maker, 'is rules: it makes no vectors');
}

/** A request that fails would go round for ever. Each circle is reported once, where it closes. */
function checkCycles(models: Part, { report }: CheckContext): void {
  const done = new Set<string>();
  const follow = (name: string, way: readonly string[]): void => {
    for (const next of models.get(name, 'fallback').items) {
      if (next.text === undefined || !models.has(next.text)) continue;
      const from = way.indexOf(next.text);
      if (from >= 0)
        report(next, `the fallbacks go in a circle: ${[...way.slice(from), next.text].join(' → ')}`);
      else if (!done.has(next.text)) follow(next.text, [...way, next.text]);
    }
    done.add(name);
  };
  for (const name of models.keys) if (!done.has(name)) follow(name, [name]);
}
