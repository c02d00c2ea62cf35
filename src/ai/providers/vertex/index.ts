import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Provider, ProviderSettings, TranslatedDialect } from '../../../contracts/provider.ts';
import { objectOf, textOf } from '../../../lib/json.ts';
import { anthropicMessages } from '../../dialects/anthropic-messages/index.ts';
import { gemini } from '../../dialects/gemini/index.ts';
import { vertexEmbeddings } from '../../dialects/vertex-embeddings/index.ts';
import { AccessToken, type Fetch } from './access-token.ts';

const TOKEN_URL = 'https://oauth2.googleapis.com/token';

/** One for all deployments that use the same account, and over reloads; of the latest accounts alone. */
const tokens = new Map<string, AccessToken>();
const MOST_ACCOUNTS = 100;

function tokenOf(serviceAccount: string, tokenUrl: string, fetch: Fetch): AccessToken {
  const identity = `${tokenUrl} ${serviceAccount}`;
  const token = tokens.get(identity) ?? new AccessToken(serviceAccount, tokenUrl, fetch);
  tokens.delete(identity);
  tokens.set(identity, token);
  const [oldest] = tokens.keys();
  if (tokens.size > MOST_ACCOUNTS && oldest !== undefined) tokens.delete(oldest);
  return token;
}

/** Google's models, and Anthropic's, on Vertex AI: the model says which, and how it is spoken to. */
export function vertex(
  { serviceAccount, tokenUrl }: ProviderSettings,
  model: string,
  fetch: Fetch,
): Provider {
  const isClaude = model.startsWith('claude');
  const token =
    serviceAccount === undefined ? undefined : tokenOf(serviceAccount, tokenUrl ?? TOKEN_URL, fetch);
  return {
    kind: 'vertex',
    native: isClaude ? { 'anthropic-messages': claudeOnVertex } : {},
    translated: isClaude ? claudeOnVertex : geminiOnVertex,
    ...(!isClaude && { embeddings: vertexEmbeddings }),
    headers: ({ apiKey }) => (apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
    ...(token && { sign: async () => ({ authorization: `Bearer ${await token.get()}` }) }),
    readError: ({ error }) => textOf(objectOf(error).message) || undefined,
  };
}

const geminiOnVertex: TranslatedDialect = {
  ...gemini,
  // Tiers are asked for in a header there.
  uncarried: [...gemini.uncarried, 'serviceTier'],
  path: (call) => `/publishers/google${gemini.path(call)}`,
};

/** The path names the model, and the body the version of the API. */
const ofVertex = ({ model: _named, ...body }: JsonObject): JsonObject => ({
  anthropic_version: 'vertex-2023-10-16',
  ...body,
});

const claudeOnVertex: TranslatedDialect = {
  ...anthropicMessages,
  path: ({ model, stream }) =>
    `/publishers/anthropic/models/${encodeURIComponent(model)}:${stream ? 'streamRawPredict' : 'rawPredict'}`,
  convertRequest: (request, call) => ofVertex(anthropicMessages.convertRequest(request, call)),
  adapt: ofVertex,
};
