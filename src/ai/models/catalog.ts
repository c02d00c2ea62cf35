import { baseUrlOf } from '../../config/provider-kinds.ts';
import type { AiConfig, ModelConfig } from '../../config/schema/index.ts';
import type { Provider, ProviderSettings } from '../../contracts/provider.ts';
import type { Usage } from '../../contracts/usage.ts';
import type { Fleet } from '../../upstream/fleet.ts';
import { type Cursor, rotation } from '../../upstream/rotation.ts';
import { Upstream } from '../../upstream/upstream.ts';
import { type Pricer, pricerOf } from '../prices.ts';
import { providerOf } from '../providers/index.ts';

/** One model of one provider: what can be called. */
export interface Deployment {
  provider: Provider;
  providerName: string;
  settings: ProviderSettings;
  /** The provider's own name of the model. */
  model: string;
  version: string;
  /** `provider/model`, as in log and metrics; and as it can stand in a header. */
  name: string;
  headerName: string;
  upstream: Upstream;
  price: Pricer;
}

/** A name that applications may ask for. */
export interface Model {
  name: string;
  /** The deployment whose turn it is; undefined if this version can call none of its targets. */
  pick(): Deployment | undefined;
  /** The dearest of its deployments, in US dollars; -1 if one has no price. */
  costAtMost(usage: Usage, tier: string): number;
  /** Names of models to try next. */
  fallback: readonly string[];
  timeouts: ModelConfig['timeouts'];
}

/** The models of a config revision, by name. */
export interface Catalog {
  get(name: string): Model | undefined;
  names(): readonly string[];
  dispose(): void;
}

type ProvidersByName = ReadonlyMap<string, ProviderSettings>;

export function buildCatalog(config: AiConfig, fleet: Fleet): Catalog {
  const upstreams: Upstream[] = [];
  const models = new Map<string, Model>();
  const providers: ProvidersByName = new Map(
    Object.entries(config.providers).map(([name, settings]) => [
      name,
      { ...settings, baseUrl: baseUrlOf(settings) },
    ]),
  );
  for (const [name, model] of Object.entries(config.models)) {
    models.set(name, buildModel(name, model, providers, config, fleet, upstreams));
  }
  return {
    get: (name) => models.get(name),
    names: () => [...models.keys()],
    dispose: () => {
      for (const upstream of upstreams) upstream.dispose();
    },
  };
}

function buildModel(
  name: string,
  model: ModelConfig,
  providers: ProvidersByName,
  config: AiConfig,
  fleet: Fleet,
  upstreams: Upstream[],
): Model {
  const deployments: Deployment[] = [];
  const weights: number[] = [];
  for (const target of model.targets ?? []) {
    const settings = providers.get(target.provider);
    const provider = settings && providerOf(settings, target.model);
    if (!settings || !provider) continue;
    const upstream = new Upstream(
      {
        name: target.provider,
        identity: `model ${name}: ${target.provider}/${target.model}`,
        targets: [{ url: settings.baseUrl, weight: 1 }],
        host: 'target',
        timeouts: {
          connect: model.timeouts.connect,
          response: model.timeouts.firstToken,
          idle: model.timeouts.idle,
        },
      },
      fleet,
    );
    upstreams.push(upstream);
    const fullName = `${target.provider}/${target.model}`;
    weights.push(target.weight);
    deployments.push({
      provider,
      providerName: target.provider,
      settings,
      model: target.model,
      version: target.version,
      name: fullName,
      headerName: encodeURI(fullName),
      upstream,
      price: pricerOf(target.model, settings.baseUrl, config.prices[fullName]),
    });
  }
  return {
    name,
    pick: picker(deployments, weights, fleet.cursor(`model ${name}`)),
    costAtMost: (usage, tier) => {
      const costs = deployments.map(({ price }) => price(usage, tier));
      return costs.includes(-1) ? -1 : Math.max(0, ...costs);
    },
    fallback: model.fallback,
    timeouts: model.timeouts,
  };
}

function picker(deployments: readonly Deployment[], weights: readonly number[], cursor: Cursor) {
  const order = rotation(weights);
  return (): Deployment | undefined => {
    if (order.length === 0) return undefined;
    const at = cursor.next % order.length;
    cursor.next = at + 1;
    return deployments[order[at] as number];
  };
}
