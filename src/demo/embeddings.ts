/** OpenAI's embeddings endpoint: hashed bags of words, so that like texts lie near one another. */
import type { Call } from './call.ts';
import { wordsOf } from './chat-request.ts';
import { openAiRefusal } from './model-errors.ts';
import { sendJson } from './reply.ts';
import { seededRandom } from './seeded.ts';

const DIMENSIONS: Record<string, number> = { 'text-embedding-3-large': 3072 };
const DEFAULT_DIMENSIONS = 1536;
const MOST_INPUTS = 2048;

/** Answers an embeddings request; `encoding_format` float or base64 (what the SDK asks for by itself). */
export function answerEmbeddings(call: Call, body: Record<string, unknown>, model: string): Promise<void> {
  const dimensions = body.dimensions ?? DIMENSIONS[model] ?? DEFAULT_DIMENSIONS;
  if (
    typeof dimensions !== 'number' ||
    !Number.isInteger(dimensions) ||
    dimensions < 1 ||
    dimensions > 3072
  ) {
    throw openAiRefusal(400, 'dimensions must be a whole number from 1 to 3072.', null, 'dimensions');
  }
  const inputs = inputsOf(body.input);
  const tokens = inputs.reduce((sum, input) => sum + wordsOf(input).length, 0);
  const data = inputs.map((input, index) => {
    const vector = embed(input, dimensions);
    const embedding = body.encoding_format === 'base64' ? base64Of(vector) : [...vector];
    return { object: 'embedding', index, embedding };
  });
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  return sendJson(call, 200, { object: 'list', data, model, ...(!call.faults.missingUsage && { usage }) });
}

/** A unit vector of `dimensions`, the same for the same text. */
export function embed(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [''];
  for (const word of words) {
    const random = seededRandom(`embed:${word}`);
    for (let at = 0; at < dimensions; at += 1) vector[at] = (vector[at] ?? 0) + random() - 0.5;
  }
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}

function inputsOf(input: unknown): string[] {
  const list = Array.isArray(input) && !isTokens(input) ? input : [input];
  if (list.length === 0 || list.length > MOST_INPUTS) throw invalidInput();
  return list.map((one) => {
    if (typeof one === 'string' && one !== '') return one;
    if (isTokens(one)) return one.join(' ');
    throw invalidInput();
  });
}

function isTokens(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'number');
}

function invalidInput() {
  return openAiRefusal(400, "'input' must be a text, a list of texts or a list of tokens.", null, 'input');
}

function base64Of(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}
