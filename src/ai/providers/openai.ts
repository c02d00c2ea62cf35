import { OPENAI_SERVICES } from '../../config/openai-services.ts';
import type { OpenaiService } from '../../contracts/openai-service.ts';
import type { Provider, ProviderSettings } from '../../contracts/provider.ts';
import { objectOf, objectsOf, textOf } from '../../lib/json.ts';
import { openaiChatWith, openaiChatWithThoughts } from '../dialects/openai-chat/index.ts';
import { openaiEmbeddings, openaiEmbeddingsWith } from '../dialects/openai-embeddings/index.ts';
import { openaiResponses } from '../dialects/openai-responses/index.ts';
import { openaiOperations } from '../dialects/operations/index.ts';

function openaiCompatible(kind: string, service: OpenaiService): Provider {
  const { quirks, embeddings, thoughts = 'none' } = service;
  const chat = quirks ? openaiChatWith(quirks, thoughts) : openaiChatWithThoughts(thoughts);
  return {
    kind,
    native: {
      'openai-chat': chat,
      ...(service.responses && { 'openai-responses': openaiResponses(kind) }),
      ...(!service.noEmbeddings && {
        'openai-embeddings': embeddings ? openaiEmbeddingsWith(embeddings) : openaiEmbeddings,
      }),
      // One that has not got an operation says so itself, and a fallback is asked.
      ...openaiOperations,
    },
    translated: chat,
    thoughts,
    headers: ({ apiKey }) => (apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
    readError,
  };
}

/** Services that follow OpenAI put their words in one of these places. */
const readError: Provider['readError'] = ({ error, message, detail, errors, base_resp: ofMinimax }) =>
  textOf(objectOf(error).message) ||
  textOf(error) ||
  textOf(message) ||
  textOf(detail) ||
  textOf(objectOf(ofMinimax).status_msg) ||
  // Python's servers name each field that is wrong, Mistral's in a message around it; Cloudflare has a list, too.
  [...problemsIn(detail), ...problemsIn(objectOf(message).detail), ...problemsIn(errors)].join('; ') ||
  undefined;

const problemsIn = (list: unknown): string[] =>
  objectsOf(list).flatMap(({ loc, msg, message }) => {
    const said = textOf(msg) || textOf(message);
    const place = Array.isArray(loc) ? `${loc.join('.')}: ` : '';
    return said === '' ? [] : [place + said];
  });

const services = Object.entries<OpenaiService>(OPENAI_SERVICES);

/** OpenAI, and every service that speaks its API, by kind. */
export const openaiServices: Readonly<Record<string, Provider>> = Object.fromEntries(
  services.map(([kind, service]) => [kind, openaiCompatible(kind, service)]),
);

const unasked: typeof openaiServices = Object.fromEntries(
  services.map(([kind, service]) => {
    const quirks = { ...service.quirks, noStreamOptions: true } as const;
    return [kind, openaiCompatible(kind, { ...service, quirks })];
  }),
);

/** One of them as its settings say: where they drop the question what a stream came to, it is not asked. */
export const openaiService =
  (kind: string) =>
  ({ drop }: ProviderSettings): Provider =>
    (drop.includes('stream_options') ? unasked : openaiServices)[kind] as Provider;
