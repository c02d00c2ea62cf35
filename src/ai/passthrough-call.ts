import type { FormatName, OperationUsage, Sent } from '../contracts/format.ts';
import type { JsonObject } from '../contracts/model-request.ts';
import type { Dialect, Provider } from '../contracts/provider.ts';
import type { Usage } from '../contracts/usage.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { cutText } from '../lib/cut-text.ts';
import { objectOf, parseObject, textOf } from '../lib/json.ts';
import { topLevelValues } from '../lib/json-span.ts';
import { refuseOtherCaseOfCost } from './acted-on.ts';
import { askedTools, withTools } from './budgets/asked-tools.ts';
import type { CallBudgets } from './budgets/call-budgets.ts';
import { chatAtMost, listAtMost, withPictures } from './budgets/estimate.ts';
import { awsInvokeStream } from './dialects/aws-invoke-stream.ts';
import { countOf } from './dialects/count.ts';
import { lookedAt, unknownOperation } from './dialects/operations/index.ts';
import { formValues } from './form-field.ts';
import { givenTokens } from './given-tokens.ts';
import { OPERATIONS } from './operations/index.ts';
import { operationUsage } from './operations/usage.ts';

/** What is known of a call in a provider's own words. */
export interface KnownCall {
  /** The provider's own name of the model; '' where the call names none. */
  readonly model: string;
  readonly body: JsonObject;
  /** Output tokens that a request allows where Google and Amazon say so; 0 = it doesn't. */
  readonly maxOutput: number;
  /** It asks for something, and not only that a file be kept. */
  readonly asks: boolean;
  /** What it comes to is known neither now nor from its answer: it names no model that we can read. */
  readonly isUnknowable: boolean;
  /** What it asks for is done behind its answer, which can't say what that came to. */
  readonly isLater: boolean;
}

/** Amazon's names hold colons, which may stand in a path as they are; Google's are followed by one, and what is done. */
const MODEL_IN_PATH = new RegExp(
  `/(?:${[
    'model/([^/]+)',
    // Azure has what is done there, and the model in the body; of a deployment it is the name, whatever that is.
    'models/(?!(?:chat/completions|embeddings|images)(?:/|$))([^/:]+)',
    'deployments/([^/:]+)',
    // Of Vertex, where `openapi` is no model; and of Databricks.
    'endpoints/(?!openapi(?:/|$))([^/:]+)',
    '([^/]+)/invocations$',
  ].join('|')})`,
);
/** Google, Anthropic on Vertex and Amazon say in the path that it is a stream. */
const STREAMS = /:stream(?:GenerateContent|RawPredict)$|\/(?:converse-stream|invoke-with-response-stream)$/;
/** Where only a file is put: what is in it, or about it. */
const PUTS_FILES = /\/(?:files|uploads?)(?:\/|$)/;
/** Where forms only bring a file: it costs something once it is used. */
const KEEPS_FILES = /\/(?:files|uploads\/[^/]+\/parts)$/;
/**
 * Batches, training and the jobs of embeddings: of Mistral (`/batch/jobs`), Google (`:batchGenerateContent`,
 * `:asyncBatchEmbedContent`; `:batchEmbedContents` answers at once), Vertex, Cohere (`/embed-jobs`) and those like OpenAI;
 * OpenAI's assistants, and sessions in which a client then speaks to a model past the gateway (OpenAI's, Azure's, Google's).
 */
const DONE_LATER = new RegExp(
  `/(?:${[
    'batches|batch/jobs|batchPredictionJobs|fine[_-]tuning|fine-tunes|tuningJobs|embed-jobs|async-invoke',
    'threads/(?:[^/]+/)?runs',
    'realtime(?:api)?/(?:sessions|transcription_sessions|client_secrets|calls)|auth_tokens',
  ].join('|')})(?:/|$)|:(?:batchGenerateContent|asyncBatchEmbedContent)$`,
);
/**
 * Those of them that begin with nothing said, too: a session that names no model has the vendor's usual one, and a job that
 * was made elsewhere is only started.
 */
const BEGUN_BARE = new RegExp(
  `/(?:${[
    'realtime(?:api)?/(?:sessions|transcription_sessions|client_secrets|calls(?:/[^/]+/accept)?)|auth_tokens',
    'fine_tuning/jobs/[^/]+/(?:start|resume)',
  ].join('|')})/?$`,
);
/** Images made of images. */
const IMAGES = /\/images\/(?:edits|variations)$/;
/** Clients may name anything. */
const LONGEST_MODEL = 256;
const EMPTY: JsonObject = {};

/**
 * Which model is asked for, by the path (Gemini, Bedrock, Azure, Vertex), else by the body (OpenAI, Anthropic, Cohere).
 * @throws GatewayError `body_malformed`, `body_invalid` where we and the provider could read different ones
 */
export function readCall(method: string, path: string, bytes: Buffer, contentType: string): KnownCall {
  if (method !== 'POST') return unread(method, path, bytes);
  const isForm = /^multipart\/form-data\b/i.test(contentType);
  const read = isForm ? formBody(bytes, contentType, IMAGES.test(path)) : jsonBody(bytes, contentType);
  const body = read ?? EMPTY;
  const inPath = MODEL_IN_PATH.exec(path)
    ?.slice(1)
    .find((name) => name !== undefined);
  const model = inPath === undefined ? textOf(body.model) : decoded(inPath);
  const asks = isForm ? !KEEPS_FILES.test(path) : bytes.length > 0 && (!read || Object.keys(read).length > 0);
  const named = cutText(model, LONGEST_MODEL).toWellFormed();
  return {
    model: named,
    body,
    maxOutput:
      countOf(objectOf(body.generationConfig).maxOutputTokens) *
        Math.max(1, countOf(objectOf(body.generationConfig).candidateCount)) ||
      countOf(objectOf(body.inferenceConfig).maxTokens),
    asks,
    // Variations of an image have a model all the same.
    isUnknowable: asks && named === '',
    isLater: BEGUN_BARE.test(path) || (asks && (DONE_LATER.test(path) || saysLater(body))),
  };
}

/**
 * What was made before may be asked for again and again; only what is made costs. Some make jobs by PUT, and change them by PATCH:
 * nobody reads what these bring, so that nobody knows what they come to.
 */
function unread(method: string, path: string, bytes: Buffer): KnownCall {
  const isUnknowable = BRINGS.has(method) && bytes.length > 0 && !PUTS_FILES.test(path);
  const isLater = isUnknowable && DONE_LATER.test(path);
  return { model: '', body: EMPTY, maxOutput: 0, asks: false, isUnknowable, isLater };
}

const BRINGS: ReadonlySet<string> = new Set(['PUT', 'PATCH']);

/** Whether a call says itself that it is done behind its answer; `deferred` is xAI's. */
export const saysLater = ({ background, deferred, input_files, training_file }: JsonObject): boolean =>
  [background, deferred, input_files, training_file].some(
    (said) => said !== undefined && said !== null && said !== false,
  );

/** Whether a stream is asked for. */
export const asksStream = ({ body }: KnownCall, path: string): boolean =>
  body.stream === true || STREAMS.test(path);

/** @param isOfPictures what it asks for counts: how many, and how large */
function formBody(bytes: Buffer, contentType: string, isOfPictures: boolean): JsonObject {
  const values = formValues(bytes, contentType, 'model', ...(isOfPictures ? OF_PICTURES : []));
  const valuesOf = (field: string): string[] =>
    values.filter(({ name }) => name === field).map(({ start, end }) => bytes.toString('utf8', start, end));
  const [model, ...more] = valuesOf('model');
  if (more.length > 0) throw twoModels();
  const named = model === undefined ? EMPTY : { model };
  return isOfPictures ? { ...named, ...picturesIn(valuesOf) } : named;
}

const COUNTED = ['n', 'frame_count', 'partial_images'];
/** Who is to write an SVG. */
const AUTHOR = 'svg[model]';
const OF_PICTURES = [...COUNTED, 'size', 'quality', 'output_format', AUTHOR];

/**
 * Of a field that is repeated the most counts; of one that is a word none, which is as dear as it may be. Nobody knows which of two
 * authors is asked.
 */
function picturesIn(valuesOf: (field: string) => string[]): JsonObject {
  const only = ([value, ...more]: string[]) => (more.length === 0 ? value : undefined);
  return {
    ...Object.fromEntries(COUNTED.map((field) => [field, Math.max(0, ...valuesOf(field).map(Number))])),
    size: only(valuesOf('size')),
    quality: only(valuesOf('quality')),
    output_format: dearFormat(valuesOf('output_format')),
    svg: { model: only(valuesOf(AUTHOR)) },
  };
}

/** Those that cost more than a picture does: frames, and an author. */
function dearFormat(formats: readonly string[]): string | undefined {
  const [dear, ...more] = new Set(formats.filter((format) => format === 'gif' || format === 'svg'));
  if (more.length > 0)
    throw new GatewayError('body_invalid', {
      param: 'output_format',
      detail: 'output_format must stand in the body once.',
    });
  return dear;
}

/** @returns undefined if it is none: whoever reads it may read more (UTF-16, which Python's readers guess) */
function jsonBody(bytes: Buffer, contentType: string): JsonObject | undefined {
  const body = parseObject(bytes.toString('utf8'));
  if (body === undefined) {
    if (bytes.length > 0 && /json/i.test(contentType)) throw new GatewayError('body_malformed');
    return undefined;
  }
  if (topLevelValues(bytes, 'model').length > 1) throw twoModels();
  refuseOtherCaseOfCost(body);
  return body;
}

const twoModels = (): GatewayError =>
  new GatewayError('body_invalid', { param: 'model', detail: 'model must stand in the body once.' });

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new GatewayError('path_invalid', { cause });
  }
}

/** Its last event says how many tokens there were, whoever's model it is. */
const INVOKED_STREAM: Dialect = { ...unknownOperation, stream: awsInvokeStream };

/**
 * How the answer to a call is read: as the gateway itself would read it, where it asks the same path; else only for
 * usage that stands where everybody reports it.
 */
export function dialectOf(
  provider: Provider,
  method: string,
  path: string,
  query: string,
  model: string,
): { dialect: Dialect; name: FormatName | 'translated' | '' } {
  if (method !== 'POST') return { dialect: lookedAt, name: '' };
  if (path.endsWith('/invoke-with-response-stream')) return { dialect: INVOKED_STREAM, name: '' };
  const dialects = { ...provider.native, translated: provider.translated };
  if (provider.embeddings && EMBEDS.test(path)) return { dialect: provider.embeddings, name: '' };
  for (const [name, dialect] of Object.entries(dialects)) {
    const isAsked = [false, true].some((stream) => dialect.path({ model, stream }).split('?', 1)[0] === path);
    // Google streams a list where it isn't asked for events: it is read for usage once it is whole.
    const isList = path.endsWith(':streamGenerateContent') && !/(?:^|[?&])alt=sse(?:&|$)/.test(query);
    if (isAsked && !isList) return { dialect, name: name as FormatName | 'translated' };
  }
  return { dialect: MAKES_IMAGES.test(path) ? ofImages : unknownOperation, name: '' };
}

/** Google's Imagen, and on Bedrock Amazon's and Stability's models of images: they are asked as all others there are. */
const MAKES_IMAGES = /:predict$|\/invoke$/;
/** Imagen makes as many unless it is told how many; the others make one. */
const IMAGES_OF_IMAGEN = 4;

const imagesAtMost = (path: string, { parameters, imageGenerationConfig }: JsonObject): number =>
  path.endsWith(':predict')
    ? countOf(objectOf(parameters).sampleCount) || IMAGES_OF_IMAGEN
    : countOf(objectOf(imageGenerationConfig).numberOfImages) || 1;

/** An answer that could be read and holds no image tells of none: what a filter kept back costs nothing. */
const ofImages: Dialect = {
  ...unknownOperation,
  readAnswer: (answer) => [
    { type: 'usage', usage: NOTHING, isEarly: true },
    ...(unknownOperation.readAnswer(answer) ?? []),
  ],
};

/** Tokens that are only counted: as Google's, Amazon's, Anthropic's on Vertex and OpenAI's APIs are asked for it. */
const COUNTS = /:countTokens$|\/(?:count-tokens(?::rawPredict)?|input_tokens)$/;
/** Vectors: the models of Amazon and Vertex that make them have it in their names alone. */
const EMBEDS =
  /\/(?:embed|embeddings)$|:(?:embedContent|batchEmbedContents)$|embed[^/]*(?:\/invoke|:predict)$/;

/**
 * In whose words a call asks for models beside the one that it is for: images that are made of images are asked for as images are.
 * @param name of the dialect that it is in
 */
export const wordsOf = (
  provider: Provider,
  path: string,
  name: FormatName | 'translated' | '',
): FormatName | 'translated' | '' =>
  name === '' && IMAGES.test(path) && provider.native['openai-images'] ? 'openai-images' : name;

/** What comes to the same as an operation that the gateway has, on a path of its own, or below another base. */
const KIN: readonly (readonly [path: RegExp, like: FormatName])[] = [
  [/\/audio\/(?:transcriptions|translations)$/, 'openai-transcriptions'],
  [IMAGES, 'openai-images'],
  // Of Cohere's `/v1` and Voyage; and models of Amazon, which have it in their names alone.
  [/\/rerank$|rerank[^/]*\/invoke$/, 'rerank'],
];

const NOTHING: Usage = { input: 0, output: 0, cached: 0 };

/**
 * What a call may come to, and does if its answer says nothing of it; undefined where its tokens are to be estimated as
 * a chat's. One that names no model generates nothing; nor does one that counts.
 *
 * @param otherwise what counts where the call names no maximum
 * @param window tokens that the model is known to read; 0 = it is not
 */
export function usageOf(
  name: FormatName | 'translated' | '',
  path: string,
  { model, body, maxOutput, asks }: KnownCall,
  sent: Sent,
  otherwise: Pick<CallBudgets, 'output' | 'searches'>,
  window: number,
): OperationUsage | undefined {
  // What nobody has read, as the body of a PUT, is not read later either.
  if (!asks && model === '') return unlessSaid(() => NOTHING);
  const like = name || KIN.find(([known]) => known.test(path))?.[1];
  const operation = OPERATIONS.find((each) => each.name === like);
  if (operation) return operationUsage(operation, body, sent);
  const { bytes } = sent;
  const { output, searches } = otherwise;
  // Vectors are no output that anybody counts.
  if (EMBEDS.test(path))
    return unlessSaid(() => withPictures(listAtMost(bytes, givenTokens(body.input)), bytes));
  if (name !== '') return undefined;
  if (model === '' || COUNTS.test(path)) return unlessSaid(() => NOTHING);
  // What says nothing of what it came to may have come to all of it.
  const tokens = (): Usage =>
    Array.isArray(body.prompt)
      ? { ...listAtMost(bytes, givenTokens(body.prompt)), output: maxOutput || output }
      : withTools(chatAtMost(bytes, maxOutput || output, window, [model]), askedTools(body), searches);
  if (!MAKES_IMAGES.test(path)) return unlessSaid(tokens);
  const atMost = (): Usage => ({ ...tokens(), images: imagesAtMost(path, body) });
  return { atMost, otherwise: (told) => (told ? tokens() : atMost()) };
}

const unlessSaid = (usage: () => Usage): OperationUsage => ({ atMost: usage, otherwise: usage });
