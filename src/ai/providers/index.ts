import type { Provider, ProviderSettings } from '../../contracts/provider.ts';
import { anthropic } from './anthropic.ts';
import { azureOpenai } from './azure-openai.ts';
import { bedrock } from './bedrock/index.ts';
import { cohere } from './cohere.ts';
import { gemini } from './gemini.ts';
import { openaiService, openaiServices } from './openai.ts';
import { vertex } from './vertex/index.ts';

/** How a provider is spoken to may depend on its settings and on the model. */
type ProviderOf = (settings: ProviderSettings, model: string, fetch: typeof globalThis.fetch) => Provider;

const PROVIDERS: ReadonlyMap<string, ProviderOf> = new Map<string, ProviderOf>([
  ...Object.keys(openaiServices).map((kind) => [kind, openaiService(kind)] as const),
  ['anthropic', () => anthropic],
  ['azure-openai', azureOpenai],
  ['bedrock', () => bedrock],
  ['cohere', () => cohere],
  ['gemini', () => gemini],
  ['vertex', vertex],
]);

/** The provider of a kind, or undefined if this version doesn't speak it yet. */
export const providerOf = (
  settings: ProviderSettings,
  model: string,
  fetch: typeof globalThis.fetch,
): Provider | undefined => PROVIDERS.get(settings.kind)?.(settings, model, fetch);
