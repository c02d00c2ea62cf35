import { hash } from 'node:crypto';
import { baseUrlOf } from '../../config/provider-kinds.ts';
import type { AiConfig, ModelConfig } from '../../config/schema/index.ts';
import type { Provider, ProviderSettings } from '../../contracts/provider.ts';
import type { Balanced } from '../../upstream/balance/picker.ts';
import type { Fleet } from '../../upstream/fleet.ts';
import { Upstream } from '../../upstream/upstream.ts';
import { priceList } from '../price-list.ts';
import { type Pricer, pricerOf } from '../prices.ts';
import { providerOf } from '../providers/index.ts';
import { type Credential, Credentials, restsUntil } from './credential.ts';
import type { DeploymentState } from './deployment-state.ts';
import type { ModelStates } from './states.ts';
import { windowOf } from './window.ts';

/** Who gives an answer, for the record and the bill. */
export interface Answerer {
  readonly providerName: string;
  /** The provider's own name of the model. */
  readonly model: string;
  readonly version: string;
  /** `provider/model`, as in log and metrics; and as it can stand in a header. */
  readonly name: string;
  readonly headerName: string;
  readonly price: Pricer;
  /** Of another model that its provider asks for the same answer. Absent: whatever is asked costs what this one does. */
  readonly priceOf?: (model: string) => Pricer;
}

/** One model of one provider: what can be called. */
export interface Deployment extends Answerer, Balanced {
  /** The provider's own name of the model, as a request says it. */
  readonly modelAsJson: string;
  readonly provider: Provider;
  readonly settings: ProviderSettings;
  readonly weight: number;
  /** Tokens that it reads and writes in one call; 0 = not known. */
  readonly window: number;
  /** Of where it is and how it is asked, a short hash: what an answer depends on beside its names. */
  readonly origin: string;
  /** Output tokens to ask for where the client sets no limit; undefined: what its dialect asks for. */
  readonly maxOutput: number | undefined;
  readonly credentials: Credentials;
  readonly load: DeploymentState;
  /** Its connections and its breaker. */
  readonly upstream: Upstream;
}

/** What deployments are made of that outlives them. */
export interface DeploymentPorts {
  readonly fleet: Fleet;
  readonly states: ModelStates;
  /** For what a provider is asked beside calls. */
  readonly fetch: typeof globalThis.fetch;
}

type ModelTarget = NonNullable<ModelConfig['targets']>[number];

/**
 * @param ends takes what lets go of it
 * @returns undefined if this version doesn't speak to providers of its kind
 */
export function openDeployment(
  name: string,
  target: ModelTarget,
  model: Pick<ModelConfig, 'timeouts' | 'breaker'>,
  config: AiConfig,
  ports: DeploymentPorts,
  ends: (() => void)[],
): Deployment | undefined {
  const written = config.providers[target.provider];
  const settings = written && { ...written, baseUrl: baseUrlOf(written) };
  const provider = settings && providerOf(settings, target.model, ports.fetch);
  if (!settings || !provider) return undefined;
  const fullName = `${target.provider}/${target.model}`;
  const upstream = new Upstream(
    {
      name: target.provider,
      identity: `model ${name}: ${fullName}`,
      targets: [{ url: settings.baseUrl, weight: 1 }],
      host: 'target',
      timeouts: {
        connect: model.timeouts.connect,
        response: model.timeouts.firstToken,
        idle: model.timeouts.idle,
      },
      ...(model.breaker && { breaker: model.breaker }),
    },
    ports.fleet,
  );
  ends.push(() => upstream.dispose());
  const identity = `${settings.baseUrl} ${fullName}`;
  const state = ports.states.deployment(identity, fullName);
  ends.push(state.release);
  const credentials = openCredentials(name, fullName, identity, provider, settings, state.value, ports, ends);
  return {
    provider,
    settings,
    providerName: target.provider,
    model: target.model,
    modelAsJson: JSON.stringify(target.model),
    version: target.version,
    name: fullName,
    url: `${fullName}@${target.version}`,
    headerName: encodeURI(fullName),
    window: windowOf(target.model, settings.baseUrl),
    origin: originOf(settings, target.maxOutput),
    maxOutput: target.maxOutput,
    weight: target.weight,
    credentials: new Credentials(credentials, ports.fleet.cursor(`keys of ${name}: ${fullName}`)),
    load: state.value,
    upstream,
    price: pricerOf(target.model, settings.baseUrl, config.prices[fullName]),
    priceOf: priceList(target.provider, settings.baseUrl, config.prices),
  };
}

const originOf = (
  { kind, baseUrl, apiVersion, drop }: ProviderSettings,
  maxOutput: number | undefined,
): string =>
  hash('sha256', JSON.stringify([kind, baseUrl, apiVersion, drop, maxOutput]), 'base64url').slice(0, 22);

function openCredentials(
  model: string,
  target: string,
  identity: string,
  provider: Provider,
  { apiKeys, ...settings }: ProviderSettings & Pick<AiConfig['providers'][string], 'apiKeys'>,
  state: DeploymentState,
  { states }: DeploymentPorts,
  ends: (() => void)[],
): Credential[] {
  const [providerName = ''] = target.split('/', 1);
  const keys = apiKeys ?? [{ id: '', apiKey: settings.apiKey, weight: 1 }];
  return keys.map(({ id, apiKey, weight }) => {
    // By its value: one that was exchanged is another one, and begins afresh.
    const secret = hash('sha256', secretOf({ ...settings, apiKey }), 'base64url');
    const suffix = id === '' ? '' : `#${id}`;
    const limit = states.rest(`${identity} ${secret}`, `${target}${suffix}`);
    const account = states.rest(`${settings.baseUrl} ${secret}`, `${providerName}${suffix}`);
    const rests = [state.rest, limit.value, account.value];
    ends.push(states.show({ model, target: `${target}${suffix}`, rests }), limit.release, account.release);
    const own: ProviderSettings = { ...settings, apiKey };
    const headers = Object.freeze(provider.headers(own));
    return { id, weight, settings: own, headers, limit: limit.value, account: account.value };
  });
}

/** All that a provider knows an account by: some sign with a key of several parts, and two that have none share an address. */
const secretOf = ({ apiKey, accessKeyId, secretAccessKey, serviceAccount }: ProviderSettings): string =>
  JSON.stringify([apiKey, accessKeyId, secretAccessKey, serviceAccount]);

/** When it may be asked again: monotonic milliseconds; 0 = now. */
export function restingUntil({ load, credentials }: Deployment): number {
  let ofKeys = Number.POSITIVE_INFINITY;
  for (const each of credentials.all) if (each.weight > 0) ofKeys = Math.min(ofKeys, restsUntil(each));
  return Math.max(load.rest.until, ofKeys);
}
