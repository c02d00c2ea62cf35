import { createHash } from 'node:crypto';
import { type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { onTestFinished } from 'vitest';
import type { Service } from '../../src/demo/http-service.ts';
import { startModelService } from '../../src/demo/model-service.ts';
import { type Backend, backend } from './backend.ts';
import { type LogLine, type TestGateway, type TestGatewayOptions, testGateway } from './gateway.ts';

/** What an application shows to the gateway, and what the gateway shows to providers. */
export const CLIENT_KEY = 'key-of-the-application';
export const PROVIDER_KEY = 'key-of-the-provider';

const sha256 = createHash('sha256').update(CLIENT_KEY).digest('hex');

/** A sandbox model provider, gone when the test is over. */
export async function modelService(name = 'primary'): Promise<Service> {
  const service = await startModelService({ port: 0, name, apiKey: PROVIDER_KEY });
  onTestFinished(() => service.close());
  return service;
}

export interface Taken {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** A provider that answers however a test wants, and remembers what it was sent. */
export async function rawProvider(
  answer: (response: ServerResponse, taken: Taken, message: IncomingMessage) => void,
): Promise<Backend & { taken: Taken[] }> {
  const taken: Taken[] = [];
  const server = await backend((message, response) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      const whole = { headers: message.headers, body: Buffer.concat(chunks) };
      taken.push(whole);
      answer(response, whole, message);
    });
  });
  return Object.assign(server, { taken });
}

type Provider = { url: string } | { baseUrl: string; kind: string };

/** A provider's place in a config. */
const provider = (at: Provider): object =>
  'url' in at
    ? { kind: 'openai', baseUrl: `${at.url}/v1`, apiKey: PROVIDER_KEY }
    : { ...at, apiKey: PROVIDER_KEY };

export interface AiConfig {
  policies?: object[];
  models?: Record<string, object>;
  prices?: object;
  server?: object;
  /** Further keys of the one consumer, of `ai`, and the store. */
  consumer?: object;
  /** Further ones. */
  consumers?: object[];
  ai?: object;
  store?: object;
  context?: object;
  admin?: object;
  /** Off unless given. */
  hypercare?: object;
}

/**
 * A gateway before these providers, in this order: the model `smart` asks the first, and falls back to `backup-1`, which
 * asks the second, and so on. All are called gpt-4o-mini where they live.
 */
export async function aiGateway(
  providers: Provider[],
  {
    policies = [],
    models = {},
    prices = {},
    server = {},
    consumer = {},
    consumers = [],
    ai = {},
    store = {},
    context = {},
    admin = {},
    hypercare,
  }: AiConfig = {},
  timeouts: object = {},
  options: TestGatewayOptions = {},
): Promise<TestGateway> {
  const chain = providers.map((_, i) => (i === 0 ? 'smart' : `backup-${i}`));
  const own = chain.map((name, i) => [
    name,
    { targets: [{ provider: `p${i}`, model: 'gpt-4o-mini' }], fallback: chain.slice(i + 1, i + 2), timeouts },
  ]);
  return testGateway(
    {
      // A busy machine is no reason to refuse what a test asks.
      server: { shed: { maxEventLoopDelay: '30s' }, ...server },
      store,
      context,
      admin,
      ...(hypercare && { hypercare }),
      consumers: [{ name: 'app', keys: [{ id: 'k1', sha256 }], ...consumer }, ...consumers],
      ai: {
        ...ai,
        policies: [{ 'auth-api-key': {} }, ...policies],
        providers: {
          ...Object.fromEntries(providers.map((at, i) => [`p${i}`, provider(at)])),
          ...(ai as { providers?: object }).providers,
        },
        models: { ...Object.fromEntries(own), ...models },
        prices,
      },
    },
    options,
  );
}

/** OpenAI's own SDK, pointed at the gateway. */
export const sdk = (gateway: { url: string }, apiKey = CLIENT_KEY): OpenAI =>
  new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0 });

/** Anthropic's. */
export const anthropicSdk = (gateway: { url: string }, apiKey = CLIENT_KEY): Anthropic =>
  new Anthropic({ baseURL: gateway.url, apiKey, maxRetries: 0 });

/** The sandbox provider as the kind that speaks Anthropic's messages. */
export const asAnthropic = ({ url }: { url: string }) => ({ kind: 'anthropic', baseUrl: url });

export interface ChatAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  trailers?: NodeJS.Dict<string>;
  body: Buffer;
}

/** A chat request as bytes, and the answer as bytes. */
export function chat(
  gateway: { url: string },
  body: string | Buffer | object,
  headers: Record<string, string> = {},
  path = '/v1/chat/completions',
): Promise<ChatAnswer> {
  const bytes = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const asked = request(`${gateway.url}${path}`, {
      method: 'POST',
      agent: false,
      headers: { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json', ...headers },
    });
    asked.on('error', reject);
    asked.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          trailers: response.trailers,
          body: Buffer.concat(chunks),
        }),
      );
    });
    asked.end(bytes);
  });
}

/** A request for a stream, or not. */
export const hello = (stream = false): { model: string; stream: boolean; messages: object[] } => ({
  model: 'smart',
  stream,
  messages: [{ role: 'user', content: 'Hello' }],
});

/** The error object of an answer in OpenAI's shape. */
export function errorOf(answer: ChatAnswer): Record<string, unknown> {
  return (JSON.parse(answer.body.toString()) as { error: Record<string, unknown> }).error;
}

/** The access-log line of an answer. */
export const lineOf = (gateway: TestGateway, answer: ChatAnswer): Promise<LogLine> =>
  gateway.accessLine((line) => line.request_id === answer.headers['x-request-id']);

/** Tokens that a model may have made unseen while a call ran that was cut short: 50 a second for each of its answers. */
export const mayHaveMade = ({ duration_ms: ms }: LogLine, answers = 1): number =>
  // The bill is made a moment after the end.
  answers * Math.ceil(50 * (Number(ms) / 1000 + 1));

/** An event with this data. */
export const event = (data: unknown): string =>
  `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;

const chunk = (delta: object, finish: string | null = null, usage?: object): string =>
  event({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'gpt-4o-mini',
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...(usage ? { usage } : {}),
  });

export const STREAM_HEADERS = { 'content-type': 'text/event-stream' };
/** The usual parts of a stream. */
export const ROLE = chunk({ role: 'assistant', content: '' });
export const word = (content: string): string => chunk({ content });
export const STOP = chunk({}, 'stop');
export const USAGE = event({
  choices: [],
  usage: { prompt_tokens: 100, completion_tokens: 20, prompt_tokens_details: { cached_tokens: 40 } },
});
export const DONE = event('[DONE]');
