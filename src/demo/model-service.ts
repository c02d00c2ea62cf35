/** A model provider on loopback: OpenAI's endpoints, Anthropic's messages, reranking as Cohere and Jina have it. */
import { answerAnthropic, answerCount } from './anthropic-messages.ts';
import { type Call, Refusal, readBody, readJsonObject } from './call.ts';
import { replyTo } from './chat-reply.ts';
import { answerEmbeddings } from './embeddings.ts';
import { type Service, type ServiceOptions, startService } from './http-service.ts';
import { anthropicProblem, openAiProblem, openAiRefusal } from './model-errors.ts';
import { answerOpenAi } from './openai-answer.ts';
import { modelOf, parseOpenAiChat } from './openai-parse.ts';
import {
  answerImages,
  answerModerations,
  answerRerank,
  answerSpeech,
  answerTranscription,
  readForm,
} from './operations.ts';
import { sendJson } from './reply.ts';

const MODELS = [
  'gpt-4o-mini',
  'gpt-4o',
  'text-embedding-3-small',
  'text-embedding-3-large',
  'claude-haiku-4-5',
  'omni-moderation-latest',
  'gpt-image-1',
  'gpt-4o-mini-tts',
  'whisper-1',
  'rerank-v3.5',
];
const MESSAGES_PATH = '/v1/messages';
const isAnthropic = (path: string): boolean => path === MESSAGES_PATH || path === COUNT_PATH;
const COUNT_PATH = '/v1/messages/count_tokens';

/** `now` in milliseconds since 1970; `apiKey` is the one that is accepted ('demo'). */
export interface ModelServiceOptions extends ServiceOptions {
  now?: () => number;
  apiKey?: string;
  models?: readonly string[];
}

/** Starts a model service; each of its answers carries `x-backend: <name>`. */
export function startModelService(options: ModelServiceOptions): Promise<Service> {
  const { name, now = Date.now, apiKey = 'demo', models = MODELS } = options;
  let answers = 0;
  const nextId = () => `${name}${String(++answers).padStart(8, '0')}`;
  const created = () => Math.floor(now() / 1000);

  return startService(options, {
    headers: { 'x-backend': name },
    problem: (status, message, path) =>
      isAnthropic(path) ? anthropicProblem(status, message) : openAiProblem(status, message),
    async handle(call) {
      const asked = `${call.method} ${call.url.pathname}`;
      if (asked === 'GET /healthz') return sendJson(call, 200, { status: 'ok', name });
      authenticate(call, apiKey);
      if (asked === 'GET /v1/models') {
        const data = models.map((id) => ({
          id,
          object: 'model',
          created: 1_700_000_000,
          owned_by: 'sandbox',
        }));
        return sendJson(call, 200, { object: 'list', data });
      }
      if (call.method !== 'POST') throw unknownUrl(asked);
      switch (call.url.pathname) {
        case '/v1/chat/completions': {
          const body = await readJsonObject(call);
          const request = parseOpenAiChat(body);
          mustKnow(call, models, request.model);
          const stamp = { id: `chatcmpl-${nextId()}`, created: created(), fingerprint: `fp_${name}` };
          return answerOpenAi(call, request, replyTo(request), stamp);
        }
        case '/v1/embeddings': {
          const body = await readJsonObject(call);
          mustKnow(call, models, modelOf(body));
          return answerEmbeddings(call, body, modelOf(body));
        }
        case '/v1/audio/transcriptions': {
          const { fields, fileBytes } = await readForm(call, await readBody(call));
          mustKnow(call, models, modelOf(fields));
          return answerTranscription(call, fields, fileBytes);
        }
        case '/v1/moderations':
        case '/v1/images/generations':
        case '/v1/audio/speech':
        case '/v1/rerank': {
          const body = await readJsonObject(call);
          const model = modelOf(body);
          mustKnow(call, models, model);
          switch (call.url.pathname) {
            case '/v1/moderations':
              return answerModerations(call, body, model);
            case '/v1/images/generations':
              return answerImages(call, body, created());
            case '/v1/audio/speech':
              return answerSpeech(call, body);
            default:
              return answerRerank(call, body, model);
          }
        }
        case COUNT_PATH:
        case MESSAGES_PATH: {
          const body = await readJsonObject(call);
          const model = String(body.model);
          mustKnow(call, models, model);
          if (call.url.pathname === COUNT_PATH) return answerCount(call, body, model);
          return answerAnthropic(call, body, model, `msg_${nextId()}`);
        }
      }
      throw unknownUrl(asked);
    },
  });
}

function authenticate(call: Call, apiKey: string): void {
  const { authorization = '', 'x-api-key': anthropicKey } = call.req.headers;
  const anthropic = isAnthropic(call.url.pathname);
  const given = anthropic ? anthropicKey : /^Bearer (.+)$/i.exec(authorization)?.[1];
  if (given === apiKey) return;
  if (anthropic) throw new Refusal(401, 'key', anthropicProblem(401, 'invalid x-api-key'));
  const text = given === undefined ? "You didn't provide an API key." : 'Incorrect API key provided.';
  throw openAiRefusal(401, text, 'invalid_api_key');
}

function mustKnow(call: Call, models: readonly string[], model: string): void {
  if (models.includes(model)) return;
  if (isAnthropic(call.url.pathname)) {
    throw new Refusal(404, 'model', anthropicProblem(404, `model: ${model}`));
  }
  throw openAiRefusal(
    404,
    `The model \`${model}\` does not exist or you do not have access to it.`,
    'model_not_found',
  );
}

function unknownUrl(asked: string): Refusal {
  return openAiRefusal(404, `Unknown request URL: ${asked}.`, 'unknown_url');
}
