/**
 * A model provider on loopback in the words of all the vendors: OpenAI and Azure, Anthropic, Gemini and Vertex, Bedrock,
 * Cohere.
 */
import { answerAnthropic, answerCount } from './anthropic-messages.ts';
import { answerConverse, answerTitan, bedrockProblem } from './bedrock.ts';
import { type Call, Refusal, readBody, readJsonObject } from './call.ts';
import { replyTo } from './chat-reply.ts';
import { answerCohere, answerCohereEmbeddings, cohereProblem } from './cohere.ts';
import { answerEmbeddings } from './embeddings.ts';
import { answerGemini, answerGeminiEmbeddings, geminiProblem } from './gemini.ts';
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
import { answerResponses, parseResponses } from './responses.ts';
import { type Vendor, type VendorCall, vendorCall } from './vendor-paths.ts';

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
  'gemini-2.5-flash',
  'gemini-embedding-001',
  'text-embedding-005',
  'amazon.nova-lite-v1:0',
  'eu.anthropic.claude-haiku-4-5-20251001-v1:0',
  'amazon.titan-embed-text-v2:0',
  'command-a-03-2025',
  'embed-v4.0',
];

const PROBLEMS: Record<Vendor, (status: number, message: string) => unknown> = {
  openai: openAiProblem,
  anthropic: anthropicProblem,
  gemini: geminiProblem,
  bedrock: bedrockProblem,
  cohere: cohereProblem,
};

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

  /** The APIs whose path says what is asked. */
  async function answerVendor(call: Call, { vendor, what, model: named }: VendorCall): Promise<void> {
    const body = await readJsonObject(call);
    const model = named === '' ? String(body.model) : named;
    mustKnow(call, models, model);
    const isStream = what === 'stream';
    switch (vendor) {
      case 'gemini':
        if (what === 'embed') return answerGeminiEmbeddings(call, body);
        return answerGemini(call, body, model, nextId(), isStream);
      case 'bedrock':
        if (what === 'embed') return answerTitan(call, body);
        return answerConverse(call, body, model, nextId(), isStream);
      case 'cohere':
        if (what === 'embed') return answerCohereEmbeddings(call, body, nextId());
        return answerCohere(call, body, nextId());
      default:
        if (what === 'count') return answerCount(call, body, model);
        return answerAnthropic(call, body, model, `msg_${nextId()}`);
    }
  }

  return startService(options, {
    headers: { 'x-backend': name },
    problem: (status, message, path) => PROBLEMS[vendorCall(path).vendor](status, message),
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
      const vendor = vendorCall(call.url.pathname);
      if (vendor.what !== '') return answerVendor(call, vendor);
      const { path, model: deployment } = vendor;
      const readJson = async () => {
        const body = await readJsonObject(call);
        return deployment === '' ? body : { ...body, model: deployment };
      };
      switch (path) {
        case '/v1/chat/completions': {
          const body = await readJson();
          const request = parseOpenAiChat(body);
          mustKnow(call, models, request.model);
          const stamp = { id: `chatcmpl-${nextId()}`, created: created(), fingerprint: `fp_${name}` };
          return answerOpenAi(call, request, replyTo(request), stamp);
        }
        case '/v1/responses': {
          const request = parseResponses(await readJson());
          mustKnow(call, models, request.model);
          const stamp = { id: `resp_${nextId()}`, created: created(), fingerprint: `fp_${name}` };
          return answerResponses(call, request, stamp);
        }
        case '/v1/embeddings': {
          const body = await readJson();
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
          const body = await readJson();
          const model = modelOf(body);
          mustKnow(call, models, model);
          switch (path) {
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
      }
      throw unknownUrl(asked);
    },
  });
}

function authenticate(call: Call, apiKey: string): void {
  const { headers } = call.req;
  const { vendor } = vendorCall(call.url.pathname);
  const bearer = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
  const shown = [headers['x-api-key'], headers['api-key'], headers['x-goog-api-key'], bearer];
  const given = shown.find((key) => key !== undefined);
  // Signatures are checked where they are made; here one has to be there.
  if (vendor === 'bedrock' && headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=')) return;
  if (given === apiKey) return;
  if (vendor === 'openai') {
    const text = given === undefined ? "You didn't provide an API key." : 'Incorrect API key provided.';
    throw openAiRefusal(401, text, 'invalid_api_key');
  }
  const message = vendor === 'anthropic' ? 'invalid x-api-key' : 'The API key is not valid.';
  throw new Refusal(401, 'key', PROBLEMS[vendor](401, message));
}

function mustKnow(call: Call, models: readonly string[], model: string): void {
  if (models.includes(model)) return;
  const { vendor } = vendorCall(call.url.pathname);
  if (vendor !== 'openai') throw new Refusal(404, 'model', PROBLEMS[vendor](404, `model: ${model}`));
  throw openAiRefusal(
    404,
    `The model \`${model}\` does not exist or you do not have access to it.`,
    'model_not_found',
  );
}

function unknownUrl(asked: string): Refusal {
  return openAiRefusal(404, `Unknown request URL: ${asked}.`, 'unknown_url');
}
