import { hash } from 'node:crypto';
import type { Dialect, Provider, ProviderSettings, TranslatedDialect } from '../../contracts/provider.ts';
import { objectOf, textOf } from '../../lib/json.ts';
import { openaiChat, openaiChatWith } from '../dialects/openai-chat/index.ts';
import { openaiEmbeddings } from '../dialects/openai-embeddings/index.ts';
import { openaiResponses } from '../dialects/openai-responses/index.ts';
import { openaiOperations } from '../dialects/operations/index.ts';

/** The first version of the API that takes `stream_options`; all are named after days. */
const TELLS_USAGE = '2024-08-01';

/**
 * OpenAI's models at Azure. With an `apiVersion` deployments are asked by their own URLs, below
 * `https://NAME.openai.azure.com`; without one it is the v1 API, below `https://NAME.openai.azure.com/openai/v1`, which
 * names the deployment as `model`.
 */
export function azureOpenai({ apiVersion, baseUrl, drop }: ProviderSettings): Provider {
  const isQuiet = drop.includes('stream_options') || (apiVersion !== undefined && apiVersion < TELLS_USAGE);
  const plain = isQuiet ? openaiChatWith({ noStreamOptions: true }) : openaiChat;
  const chat = apiVersion === undefined ? plain : atDeployment(plain, apiVersion);
  const embeddings = apiVersion === undefined ? openaiEmbeddings : atDeployment(openaiEmbeddings, apiVersion);
  return {
    kind: 'azure-openai',
    native: {
      'openai-chat': chat,
      'openai-embeddings': embeddings,
      ...(apiVersion === undefined && { 'openai-responses': openaiResponses(makerAt(baseUrl)) }),
      ...(apiVersion === undefined ? openaiOperations : operationsAt(apiVersion)),
    },
    translated: chat,
    headers: ({ apiKey = '' }) => ({ 'api-key': apiKey }),
    readError: ({ error }) => textOf(objectOf(error).message) || undefined,
  };
}

/** A resource takes back what it sealed itself, and not what OpenAI or another one did. Its name is nobody's business. */
const makerAt = (baseUrl: string): string =>
  `azure-openai-${hash('sha256', new URL(baseUrl).host, 'base64url').slice(0, 8)}`;

const operationsAt = (version: string): Provider['native'] =>
  Object.fromEntries(
    Object.entries(openaiOperations).map(([name, dialect]) => [name, atDeployment(dialect, version)]),
  );

function atDeployment<D extends Dialect | TranslatedDialect>(dialect: D, version: string): D {
  const query = `?api-version=${encodeURIComponent(version)}`;
  return {
    ...dialect,
    path: (call) => `/openai/deployments/${encodeURIComponent(call.model)}${dialect.path(call)}${query}`,
  };
}
