import type { JsonObject } from '../contracts/model-request.ts';
import { objectOf, textOf } from '../lib/json.ts';

/** xAI: `Content violates usage guidelines. Team: …, Failed check: SAFETY_CHECK_TYPE_BIO`. */
const FILTERED = /^Content violates usage guidelines/;
/** Codes under which a prompt is filtered (Azure), and OpenAI's, of a picture mostly. */
const FILTER_CODES: ReadonlySet<unknown> = new Set([
  'content_filter',
  'content_policy_violation',
  'moderation_blocked',
]);
/** OpenAI, of models that reason, with no code but `invalid_prompt`. */
const FLAGGED = /^Invalid prompt: your prompt was flagged\b/;
/** What xAI says behind that of who asks: the gateway's account, and no business of its clients. */
const NAMES_THE_KEY = /\bAPI key ID\b/i;
/** OpenAI: `Request too large for gpt-4o … on tokens per min (TPM): Limit 30000, Requested 30601.` (Groq: in a 413.) It never fits this key. */
const TOO_LARGE = /^Request too large for /;
/** OpenRouter, whose account could pay for less: `This request requires more credits, or fewer max_tokens. You requested up to …`. */
const TOO_DEAR = /^This request requires more credits, or fewer max_tokens\b/;
/** OpenAI, of a key that may do other things: `You have insufficient permissions for this operation. Missing scopes: model.request.` */
const NOT_ALLOWED = /^You have insufficient permissions for this operation\b/;
/** Codes and types under which a request is said to be longer than the model reads (OpenAI and those like it, llama.cpp). */
const TOO_LONG_CODES: ReadonlySet<unknown> = new Set([
  'context_length_exceeded',
  'exceed_context_size_error',
]);
/** Beginnings of what others say of it (Anthropic, Gemini, Bedrock, vLLM and DeepSeek, xAI, Mistral, Cohere, TGI). */
const TOO_LONG = [
  /^(?:messages?\S{0,40}: )?prompt is too long\b/,
  /^input length and `max_tokens` exceed context limit\b/,
  /^The input token count \S{0,40}\s?exceeds the maximum number of tokens\b/,
  /^(?:The model returned the following errors: )?Input is too long for requested model\b/,
  /^This model's maximum (?:context|prompt) length is\b/,
  /^Prompt contains \d+ tokens\b.{0,60} too large for model\b/,
  /^too many tokens: /,
  /^Input validation error: `inputs` tokens \+ `max_new_tokens` must be <=/,
];

/**
 * Whether a refusal is about what the one request holds, which another model, or another key, may yet take: a moderator has
 * flagged it, it is over a limit of this key or nothing that it may do, or longer than this model reads. As in `quota-spent.ts` only the beginning
 * of a text counts: what its client sent may be quoted behind it.
 */
export function isOwnRefusal(status: number, refusal: JsonObject | undefined): boolean {
  const isOf = KINDS[status];
  if (!isOf) return false;
  const { error, message } = objectOf(refusal);
  const said = objectOf(error);
  return isOf(said, textOf(said.message) || textOf(error) || textOf(message));
}

/** Whether a refusal says that the vendor's filter has taken what was asked. */
export function isFilteredRefusal(status: number, refusal: JsonObject | undefined): boolean {
  const { error } = objectOf(refusal);
  const { code, message } = objectOf(error);
  if (FILTER_CODES.has(code) || FLAGGED.test(textOf(message))) return true;
  return status === 403 && isOwnRefusal(status, refusal);
}

type Kind = (error: Record<string, unknown>, text: string) => boolean;

const isTooLong: Kind = ({ code, type }, text) =>
  TOO_LONG_CODES.has(code) || TOO_LONG_CODES.has(type) || TOO_LONG.some((words) => words.test(text));

const KINDS: Readonly<Record<number, Kind>> = {
  400: isTooLong,
  401: (_, text) => NOT_ALLOWED.test(text),
  402: (_, text) => TOO_DEAR.test(text),
  // OpenRouter quotes what a moderator of its own has flagged.
  403: ({ metadata }, text) => objectOf(metadata).flagged_input !== undefined || FILTERED.test(text),
  413: (error, text) => TOO_LARGE.test(text) || isTooLong(error, text),
  422: isTooLong,
  429: (_, text) => TOO_LARGE.test(text),
};

/** Of these such a refusal is for the request's length, whoever finds it too long: the model, or a limit of the key. */
const OF_LENGTH: ReadonlySet<number> = new Set([400, 413, 422, 429]);

export const isOfLength = ({ statusCode, isOwn }: { statusCode: number; isOwn?: boolean }): boolean =>
  isOwn === true && OF_LENGTH.has(statusCode);

/** Whether such a refusal speaks of the gateway's key as well. */
export const namesKey = (body: Buffer): boolean => NAMES_THE_KEY.test(body.toString('utf8'));
