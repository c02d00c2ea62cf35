import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Usage } from '../../../contracts/usage.ts';
import { objectOf, objectsOf, textOf } from '../../../lib/json.ts';
import { convertUsage as ofAnthropic } from '../anthropic-usage.ts';
import { convertUsage as ofAmazon } from '../bedrock-usage.ts';
import { countOf, isCount } from '../count.ts';
import { convertUsage as ofGoogle } from '../gemini-usage.ts';
import { othersIn, picturesOf } from '../picture-usage.ts';
import { reportedCost } from '../reported-cost.ts';

/**
 * What an answer says it came to: tokens (OpenAI's images and transcriptions, Jina, Ollama, Anthropic's and other models on Bedrock),
 * seconds (whisper, Mistral), images that are there to be counted, or search units (Cohere). Undefined if it says nothing of it.
 */
export function readUsage(answer: JsonObject): Usage | undefined {
  if (answer.usageMetadata !== undefined) return ofGoogle(objectOf(answer.usageMetadata));
  const usage = objectOf(answer.usage);
  const own =
    ofAmazon(usage) ??
    ofMetrics(objectOf(answer['amazon-bedrock-invocationMetrics'])) ??
    ofTitan(answer) ??
    ofOllama(answer);
  if (own) return own;
  // What stands beside `input_tokens` there is no part of it.
  const isAnthropics = isCount(usage.cache_read_input_tokens) || isCount(usage.cache_creation_input_tokens);
  if (isAnthropics || Array.isArray(usage.iterations)) return ofAnthropic(usage);
  const units = objectOf(objectOf(answer.meta).billed_units);
  const heard = objectOf(
    usage.input_tokens_details ?? usage.input_token_details ?? usage.prompt_tokens_details,
  );
  const images = imagesIn(answer);
  const input =
    firstCount(usage.input_tokens, usage.prompt_tokens, usage.total_tokens, units.input_tokens) ?? 0;
  const seconds = positive(usage.seconds ?? usage.prompt_audio_seconds ?? answer.duration);
  const searches = countOf(units.search_units);
  const charged = reportedCost(usage);
  const byOthers = othersIn(answer);
  const output = countOf(usage.output_tokens ?? usage.completion_tokens ?? units.output_tokens);
  const saysTokens = [usage.input_tokens, usage.prompt_tokens, usage.total_tokens, units.input_tokens].some(
    isCount,
  );
  const saysNothing = !saysTokens && output + images + seconds + searches + byOthers.length === 0;
  if (saysNothing && charged.cost === undefined) return undefined;
  return {
    input,
    output,
    cached: Math.min(countOf(heard.cached_tokens), input),
    audioInput: countOf(heard.audio_tokens),
    imageInput: countOf(heard.image_tokens),
    ...(images > 0 && { images, imageOutput: picturesOf(usage.output_tokens_details, output) }),
    ...(seconds > 0 && { audioSeconds: seconds }),
    ...(searches > 0 && { searches }),
    ...charged,
    ...(byOthers.length > 0 && { byOthers }),
  };
}

/** Of OpenAI and who follows it, of Google's Imagen, and of Amazon's and Stability's models on Bedrock. */
const imagesIn = (answer: JsonObject): number =>
  objectsOf(answer.data).filter(isImage).length ||
  objectsOf(answer.predictions).filter(isPrediction).length ||
  (Array.isArray(answer.images) ? answer.images.filter((image) => typeof image === 'string').length : 0) ||
  (isPicture(answer) ? 1 : 0);

/** One that is there, or kept in a bucket: what was filtered says only why. Sound and films come in the same form. */
const isPrediction = ({ bytesBase64Encoded: picture, gcsUri, mimeType }: JsonObject): boolean =>
  (typeof picture === 'string' || typeof gcsUri === 'string') &&
  (mimeType === undefined || textOf(mimeType).startsWith('image/'));

/** An image that was asked for; `data` may also list vectors or models. */
const isImage = ({ b64_json: picture, url }: JsonObject): boolean =>
  typeof picture === 'string' || typeof url === 'string';

/** An event with a picture that is done: `image_generation.completed`, `image_edit.completed`. */
const isPicture = ({ type, b64_json: picture }: JsonObject): boolean =>
  typeof picture === 'string' && textOf(type).endsWith('.completed');

/** Of a stream of InvokeModel, in its last event. */
const ofMetrics = (metrics: JsonObject): Usage | undefined =>
  ofAmazon({
    inputTokens: metrics.inputTokenCount,
    outputTokens: metrics.outputTokenCount,
    cacheReadInputTokens: metrics.cacheReadInputTokenCount,
    cacheWriteInputTokens: metrics.cacheWriteInputTokenCount,
  });

/** Of Titan's models, whole or as an event. */
const ofTitan = ({ inputTextTokenCount: inputTokens, totalOutputTextTokenCount, results }: JsonObject) =>
  ofAmazon({
    inputTokens,
    outputTokens: objectsOf(results).reduce(
      (sum, { tokenCount }) => sum + countOf(tokenCount),
      countOf(totalOutputTextTokenCount),
    ),
  });

/** Of an answer of Ollama's, or its last line; a figure that is 0 it leaves out. */
const ofOllama = ({ prompt_eval_count: input, eval_count: output }: JsonObject): Usage | undefined =>
  [input, output].some(isCount) ? { input: countOf(input), output: countOf(output), cached: 0 } : undefined;

const firstCount = (...figures: unknown[]): number | undefined => figures.find(isCount);

/** A length in seconds: a number, or as text in OpenAI's `verbose_json`. */
function positive(value: unknown): number {
  const seconds = Number(value);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 0;
}
