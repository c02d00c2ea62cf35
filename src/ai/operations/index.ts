import type { Operation, Sent } from '../../contracts/format.ts';
import type { JsonObject } from '../../contracts/model-request.ts';
import type { Usage } from '../../contracts/usage.ts';
import { textOf } from '../../lib/json.ts';
import { DENSEST_SOUND } from '../../lib/sound-length.ts';
import { textTokens } from '../budgets/estimate.ts';
import { countOf } from '../dialects/count.ts';
import { pictureTokens } from '../picture-tokens.ts';
import { hearsElsewhere, secondsHeard } from './heard-sound.ts';

const NOTHING: Usage = { input: 0, output: 0, cached: 0 };

/** No model reads more at once. */
const LONGEST_INPUT = 200_000;
const inputTokens = (bytes: number): number => Math.min(LONGEST_INPUT, textTokens(bytes));

/** Speech of 15 characters a second at 25 tokens a second (gpt-4o-mini-tts), rounded up. */
const TOKENS_A_SPOKEN_CHARACTER = 2;
/** Sound heard: 10 tokens a second (gpt-4o-transcribe); what it writes is bounded by its window. */
const TOKENS_A_HEARD_SECOND = 10;
const LONGEST_TRANSCRIPT = 2000;
/** Documents a search unit pays for (Cohere). */
const DOCUMENTS_A_SEARCH = 100;

const images = ({ n }: JsonObject): number => Math.max(1, countOf(n));
const characters = ({ input }: JsonObject): number => textOf(input).length;
const searches = ({ documents }: JsonObject): number =>
  Math.ceil((Array.isArray(documents) ? documents.length : 1) / DOCUMENTS_A_SEARCH);

/** Everything that may be asked of a model and is passed through: a row each. */
export const OPERATIONS: readonly Operation[] = [
  {
    kind: 'operation',
    name: 'anthropic-count-tokens',
    operation: 'count_tokens',
    path: '/messages/count_tokens',
    shape: 'anthropic',
    media: 'json',
    lists: ['messages'],
    refused: [],
    headers: ['anthropic-version', 'anthropic-beta'],
    usageAtMost: () => NOTHING,
    usageOf: () => NOTHING,
  },
  {
    kind: 'operation',
    name: 'openai-input-tokens',
    operation: 'count_tokens',
    path: '/responses/input_tokens',
    shape: 'responses',
    media: 'json',
    lists: [],
    // Counted is what is sent.
    refused: ['conversation', 'previous_response_id'],
    headers: [],
    usageAtMost: () => NOTHING,
    usageOf: () => NOTHING,
  },
  {
    kind: 'operation',
    name: 'openai-moderations',
    operation: 'moderation',
    path: '/moderations',
    shape: 'openai',
    media: 'json',
    lists: [],
    refused: [],
    headers: [],
    usageAtMost: () => NOTHING,
    usageOf: () => NOTHING,
  },
  {
    kind: 'operation',
    name: 'openai-images',
    operation: 'image_generation',
    path: '/images/generations',
    shape: 'openai',
    media: 'json',
    lists: [],
    refused: [],
    headers: [],
    // A form, or JSON with addresses, may bring pictures, and some sell their tokens at a rate of their own.
    usageAtMost: shown,
    usageOf: (body, { bytes, contentType }) =>
      /^multipart\//i.test(contentType) ? shown(body, bytes.length) : painted(body, bytes.length),
  },
  {
    kind: 'operation',
    name: 'openai-speech',
    operation: 'speech',
    path: '/audio/speech',
    shape: 'openai',
    media: 'json',
    lists: [],
    refused: [],
    headers: [],
    usageAtMost: (body, bytes) => ({
      input: inputTokens(bytes),
      output: characters(body) * TOKENS_A_SPOKEN_CHARACTER,
      audioOutput: characters(body) * TOKENS_A_SPOKEN_CHARACTER,
      cached: 0,
      characters: characters(body),
    }),
    // The sound itself doesn't say how many tokens it is; of the text a model by tokens bills some too.
    usageOf: (body) => ({
      input: inputTokens(characters(body)),
      output: characters(body) * TOKENS_A_SPOKEN_CHARACTER,
      audioOutput: characters(body) * TOKENS_A_SPOKEN_CHARACTER,
      cached: 0,
      characters: characters(body),
    }),
  },
  {
    kind: 'operation',
    name: 'openai-transcriptions',
    operation: 'transcription',
    path: '/audio/transcriptions',
    shape: 'openai',
    media: 'form',
    lists: [],
    refused: [],
    headers: [],
    usageAtMost: (_body, bytes) => heard(bytes / DENSEST_SOUND),
    usageOf: (body, sent, told) => heard(secondsHeard(body, sent, told)),
    completed: withSeconds,
    isUnknowable: hearsElsewhere,
  },
  {
    kind: 'operation',
    name: 'rerank',
    operation: 'rerank',
    path: '/rerank',
    shape: 'openai',
    media: 'json',
    lists: ['documents'],
    refused: [],
    headers: [],
    usageAtMost: ranked,
    usageOf: (body, { bytes }) => ranked(body, bytes.length),
  },
];

/** Who sells pictures by the piece has no price for their tokens, and who sells tokens none for the piece. */
function painted(body: JsonObject, bytes: number): Usage {
  const output = images(body) * pictureTokens(body);
  return { input: inputTokens(bytes), output, imageOutput: output, cached: 0, images: images(body) };
}

/** All that is read may be pictures. */
function shown(body: JsonObject, bytes: number): Usage {
  const usage = painted(body, bytes);
  return { ...usage, imageInput: usage.input };
}

/** Who sells it by the token (Voyage, Jina) counts the query with each document; no window bounds them together. */
function ranked(body: JsonObject, bytes: number): Usage {
  const { query = '', documents } = body;
  const asked = textTokens(Buffer.byteLength(JSON.stringify(query)));
  const input = asked * (Array.isArray(documents) ? documents.length : 1) + textTokens(bytes);
  return { ...NOTHING, input, searches: searches(body) };
}

/** Some report tokens of a text, or noughts, for what they sell by the second. */
function withSeconds(reported: Usage, body: JsonObject, sent: Sent, told?: Usage): Usage | undefined {
  if (reported.audioSeconds || reported.audioInput) return undefined;
  const audioSeconds = Math.ceil(secondsHeard(body, sent, told));
  return audioSeconds > 0 ? { ...reported, audioSeconds } : undefined;
}

/** @param seconds 0 = nobody knows */
function heard(seconds: number): Usage {
  const audioSeconds = Math.ceil(seconds);
  const input = Math.min(LONGEST_INPUT, audioSeconds * TOKENS_A_HEARD_SECOND);
  return {
    input,
    audioInput: input,
    output: LONGEST_TRANSCRIPT,
    cached: 0,
    ...(audioSeconds > 0 && { audioSeconds }),
  };
}
