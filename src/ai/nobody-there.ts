import type { JsonObject } from '../contracts/model-request.ts';
import { objectOf, textOf } from '../lib/json.ts';

/** Codes under which vendors say that there is no such model (OpenAI and those like it, Azure). */
const CODES: ReadonlySet<unknown> = new Set(['model_not_found', 'DeploymentNotFound']);
/**
 * Beginnings of what others say of it (Anthropic, Gemini, Vertex, Ollama, vLLM, Bedrock): a 404 may as well be about a file that the
 * request names, or a conversation, and for that nobody rests.
 */
const WORDS = new RegExp(
  `^(?:${[
    '(?:the |requested |publisher )*model\\b',
    'models/',
    'the (?:api |model )?deployment\\b',
    'the provided model\\b',
    'this model version has reached the end of its life\\b',
    'access denied\\. this model is marked by provider as legacy\\b',
    'could not resolve the foundation model\\b',
  ].join('|')})`,
  'i',
);
/** What Bedrock says of it in a 400. */
const INVALID = /^the provided model identifier is invalid\b/i;

/**
 * Whether a refusal comes from nobody who could answer: a page of what stands before a provider, or there is no such model.
 * @param refusal undefined: it is no JSON
 */
export function isNobodyThere(status: number, refusal: JsonObject | undefined): boolean {
  // A page that is not found is of one endpoint, which others may do without.
  if (status === 403) return !refusal;
  if (!refusal || (status !== 404 && status !== 400)) return false;
  const { error, message } = refusal;
  const { code, type, message: said } = objectOf(error);
  const text = textOf(said) || textOf(error) || textOf(message);
  if (status === 400) return INVALID.test(text);
  return CODES.has(code) || CODES.has(type) || WORDS.test(text);
}
