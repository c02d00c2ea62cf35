import type { AiConfig, ModelConfig } from '../../config/schema/index.ts';
import type { Usage } from '../../contracts/usage.ts';
import type { RetryBudget } from '../../upstream/retry-budget.ts';
import { type BudgetRule, shadowRules } from '../budgets/rules.ts';
import type { CacheSettings } from '../cache/cache-work.ts';
import { costAtMost, type DearKinds } from '../cost-at-most.ts';
import { type Deployment, type DeploymentPorts, openDeployment, restingUntil } from './deployment.ts';
import { ReplyRules } from './reply-rules.ts';
import { type Routing, routingOf } from './routing.ts';
import { type Selection, selectionOf } from './selection.ts';

/** A name that applications may ask for. */
export interface Model {
  name: string;
  /** Further names of the same, whose budgets hold for it as well: of what is asked for in its provider's own words. */
  aliases: readonly string[];
  /** The model that a call goes to instead; undefined: none ever does. */
  route: Routing | undefined;
  /** Names of the models that those may be. */
  elsewhere: readonly string[];
  /** It is no model but rules; undefined of all others. */
  rules: ReplyRules | undefined;
  /** None if this version can call none of its targets. */
  deployments: readonly Deployment[];
  select: Selection;
  /** The same caller always gets the same target. */
  isSticky: boolean;
  /** Undefined: its answers are not kept. */
  cache: CacheSettings | undefined;
  /** When the first of its targets may be asked again: monotonic milliseconds; 0 = now. */
  restingUntil(): number;
  /** The dearest of its deployments, in US dollars; -1 if one has no price. */
  costAtMost(usage: Usage, tier: string, kinds: DearKinds): number;
  /** A candidate that is asked the same, and the budget that it has for itself. */
  shadow: { settings: NonNullable<ModelConfig['shadow']>; rules: readonly BudgetRule[] } | undefined;
  /** Names of models to try next. */
  fallback: readonly string[];
  timeouts: ModelConfig['timeouts'];
  cooldown: ModelConfig['cooldown'];
  retry: ModelConfig['retry'];
  retries: RetryBudget;
}

/** The models of a config revision, by name. */
export interface Catalog {
  get(name: string): Model | undefined;
  names(): readonly string[];
  /** Its generation serves. */
  serve(): void;
  dispose(): void;
}

export function buildCatalog(config: AiConfig, ports: DeploymentPorts): Catalog {
  const ends: (() => void)[] = [];
  const models = new Map<string, Model>();
  for (const [name, model] of Object.entries(config.models)) {
    models.set(name, buildModel(name, model, config, ports, ends));
  }
  return {
    get: (name) => models.get(name),
    names: () => [...models.keys()],
    serve: () => {
      for (const { deployments } of models.values()) for (const { upstream } of deployments) upstream.serve();
    },
    dispose: () => {
      for (const end of ends) end();
    },
  };
}

function buildModel(
  name: string,
  model: ModelConfig,
  config: AiConfig,
  ports: DeploymentPorts,
  ends: (() => void)[],
): Model {
  const deployments: Deployment[] = [];
  for (const target of model.targets ?? []) {
    const deployment = openDeployment(name, target, model, config, ports, ends);
    if (deployment) deployments.push(deployment);
  }
  const resilience = ports.fleet.resilience(`model ${name}`);
  ends.push(resilience.release);
  const { fallback, timeouts, cooldown, retry } = model;
  const weighing = deployments.filter(({ weight }) => weight > 0);
  return {
    name,
    aliases: [],
    route: model.routes.length === 0 ? undefined : routingOf(model.routes, config.regionHeader),
    elsewhere: model.routes.map((route) => route.model),
    rules: model.rules && new ReplyRules(model.rules),
    deployments: weighing,
    select: selectionOf(name, model, weighing, ports.fleet),
    isSticky: model.sticky !== 'none',
    cache: cacheOf(model.cache ?? config.cache),
    shadow: model.shadow && { settings: model.shadow, rules: shadowRules(name, model.shadow.budget) },
    restingUntil: () => {
      let soonest = Number.POSITIVE_INFINITY;
      for (const each of weighing) soonest = Math.min(soonest, restingUntil(each));
      return soonest;
    },
    costAtMost: (usage, tier, kinds) => {
      const costs = deployments.map((each) => costAtMost(each, usage, tier, kinds));
      return costs.includes(-1) ? -1 : Math.max(0, ...costs);
    },
    fallback,
    timeouts,
    cooldown,
    retry,
    retries: resilience.value.retries,
  };
}

const cacheOf = (settings: CacheSettings | undefined): CacheSettings | undefined =>
  settings?.enabled ? settings : undefined;
