import type { AiConfig } from '../../config/schema/index.ts';
import type { Upstream } from '../../upstream/upstream.ts';
import { costAtMost } from '../cost-at-most.ts';
import { pricerOf } from '../prices.ts';
import { providerOf } from '../providers/index.ts';
import type { Model } from './catalog.ts';
import { type Deployment, type DeploymentPorts, openDeployment, restingUntil } from './deployment.ts';
import { windowOf } from './window.ts';

/** A provider that applications may speak to in its own words. */
export interface OpenProvider {
  readonly name: string;
  /** Whether a path below its base URL may be asked for. */
  allows(path: string): boolean;
  /** Several consumers use its account, and nobody has said what of it they may share. */
  readonly isShared: boolean;
  /**
   * Its model, to be asked and billed as any other.
   * @param model the provider's own name, as a client wrote it; '' where a call names none
   */
  model(model: string): Model;
}

/** Of models that clients name; there is no end of names. */
const MOST_MODELS = 256;

/**
 * The providers with `passthrough`, by name.
 * @param isShared several consumers may use them
 * @returns also what is done when their generation serves, and what lets go of what they leased
 */
export function openProviders(
  config: AiConfig,
  ports: DeploymentPorts,
  isShared: boolean,
): { get(name: string): OpenProvider | undefined; serve(): void; dispose(): void } {
  const providers = new Map<string, OpenProvider>();
  const upstreams: Upstream[] = [];
  const ends: (() => void)[] = [];
  for (const [name, entry] of Object.entries(config.providers)) {
    if (!entry.passthrough) continue;
    const timeouts = entry.passthroughTimeouts;
    // Connections, keys and how it is are the provider's, whichever model is asked for.
    const target = { provider: name, model: '*', version: '', weight: 1 };
    const all = openDeployment(`provider ${name}`, target, { timeouts }, config, ports, ends);
    if (all) upstreams.push(all.upstream);
    const resilience = ports.fleet.resilience(`provider ${name}`);
    ends.push(resilience.release);
    const traitsOf = knownTraits(name, all?.settings.baseUrl ?? '', config.prices);
    providers.set(name, {
      name,
      allows: allowedPaths(entry.passthroughPaths),
      isShared: isShared && entry.passthroughPaths === undefined,
      model(asked) {
        const model = plainName(entry.kind, asked);
        const deployment = all && ofModel(all, model, traitsOf(model), ports);
        const [alias, ...aliases] = aliasesOf(config, name, entry.kind, model);
        return {
          name: alias ?? `${name}/*`,
          aliases,
          // What is asked for in a provider's own words goes to nobody else.
          route: undefined,
          elsewhere: [],
          rules: undefined,
          deployments: deployment ? [deployment] : [],
          select: (avoid) => (deployment && !avoid.has(deployment) ? deployment : undefined),
          isSticky: false,
          cache: undefined,
          shadow: undefined,
          restingUntil: () => (deployment ? restingUntil(deployment) : 0),
          costAtMost: (usage, tier, kinds) => (deployment ? costAtMost(deployment, usage, tier, kinds) : -1),
          fallback: [],
          timeouts,
          cooldown: entry.passthroughCooldown,
          retry: undefined,
          retries: resilience.value.retries,
        };
      },
    });
  }
  return {
    get: (name) => providers.get(name),
    serve: () => {
      for (const upstream of upstreams) upstream.serve();
    },
    dispose: () => {
      for (const end of ends) end();
    },
  };
}

function ofModel(
  all: Deployment,
  model: string,
  traits: Traits,
  { fetch }: Pick<DeploymentPorts, 'fetch'>,
): Deployment {
  const name = `${all.providerName}/${model}`;
  const provider = providerOf(all.settings, model, fetch) ?? all.provider;
  return { ...all, provider, model, name, headerName: encodeURI(name), ...traits };
}

/** Google's models are spelt in more than one way where a body names them, as below `/openai/` and `/endpoints/openapi/`. */
function plainName(kind: string, model: string): string {
  if (kind === 'gemini') return model.replace(/^models\//, '');
  if (kind === 'vertex') return model.replace(/^(?:.*\/)?publishers\/[^/]+\/models\/|^google\//, '');
  return model;
}

/** All that lead to it, so that no budget of a model is walked around; the others of a provider are one. */
const aliasesOf = ({ models }: AiConfig, provider: string, kind: string, model: string): string[] =>
  Object.entries(models).flatMap(([alias, { targets }]) =>
    targets?.some((target) => target.provider === provider && plainName(kind, target.model) === model)
      ? [alias]
      : [],
  );

function allowedPaths(paths: readonly string[] | undefined): (path: string) => boolean {
  if (!paths) return () => true;
  const below = paths.filter((path) => path.endsWith('*')).map((path) => path.slice(0, -1));
  return (path) => paths.includes(path) || below.some((start) => path.startsWith(start));
}

/** What is told by a model's name. */
type Traits = Pick<Deployment, 'price' | 'window'>;

function knownTraits(
  provider: string,
  baseUrl: string,
  configured: AiConfig['prices'],
): (model: string) => Traits {
  const known = new Map<string, Traits>();
  return (model) => {
    const found = known.get(model) ?? {
      price: pricerOf(model, baseUrl, configured[`${provider}/${model}`]),
      window: windowOf(model, baseUrl),
    };
    if (known.size < MOST_MODELS) known.set(model, found);
    return found;
  };
}
