import type { OpenaiService } from '../contracts/openai-service.ts';
import { OPENAI_SERVICES } from './openai-services.ts';

interface ProviderKind {
  /** Where it is, if it says so itself. `{key}` stands for a key of the settings. */
  readonly baseUrl?: string;
  /** The keys of its credentials; each list would do. */
  readonly credentials: readonly (readonly string[])[];
}

const API_KEY = [['apiKey']];

/** Kinds that speak an API of their own. */
const OWN = {
  anthropic: { baseUrl: 'https://api.anthropic.com', credentials: API_KEY },
  'azure-openai': { credentials: API_KEY },
  bedrock: {
    baseUrl: 'https://bedrock-runtime.{region}.amazonaws.com',
    credentials: [['accessKeyId', 'secretAccessKey'], ['apiKey']],
  },
  cohere: { baseUrl: 'https://api.cohere.com', credentials: API_KEY },
  gemini: { baseUrl: 'https://generativelanguage.googleapis.com/v1beta', credentials: API_KEY },
  vertex: {
    baseUrl: 'https://{region}-aiplatform.googleapis.com/v1/projects/{project}/locations/{region}',
    credentials: [['serviceAccount'], ['apiKey']],
  },
} as const satisfies Readonly<Record<string, ProviderKind>>;

type Kind = keyof typeof OWN | keyof typeof OPENAI_SERVICES;

export const PROVIDER_KINDS = [...Object.keys(OPENAI_SERVICES), ...Object.keys(OWN)].sort() as Kind[];

/** What a kind is known to need; undefined if there is no such kind. */
export function providerKind(kind: string): ProviderKind | undefined {
  if (Object.hasOwn(OWN, kind)) return OWN[kind as keyof typeof OWN];
  if (!Object.hasOwn(OPENAI_SERVICES, kind)) return undefined;
  const { baseUrl, isOwn }: OpenaiService = OPENAI_SERVICES[kind as keyof typeof OPENAI_SERVICES];
  return { ...(baseUrl && { baseUrl }), credentials: isOwn ? [[]] : API_KEY };
}

/** The settings' keys that a kind's own address is made with. */
export const keysOfAddress = (template: string): string[] =>
  [...template.matchAll(/\{(\w+)\}/g)].map(([, key]) => key as string);

/** Where a provider is asked: as configured, else where its kind is. */
export function baseUrlOf(settings: {
  readonly kind: string;
  readonly baseUrl?: string | undefined;
}): string {
  const written: Readonly<Record<string, unknown>> = settings;
  const template = settings.baseUrl ?? providerKind(settings.kind)?.baseUrl ?? '';
  const url = keysOfAddress(template).reduce(
    (made, key) => made.replaceAll(`{${key}}`, String(written[key])),
    template,
  );
  // Vertex's region that is none has no place in the host's name.
  return url.replace('//global-', '//');
}
