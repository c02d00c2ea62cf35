import { objectOf, parseObject, textOf } from '../lib/json.ts';

/** Codes under which vendors say that there is no such model (OpenAI and those like it, Azure). */
const CODES: ReadonlySet<unknown> = new Set(['model_not_found', 'DeploymentNotFound']);
/**
 * Beginnings of what others say of it (Anthropic, Gemini, Vertex, Ollama, vLLM, Bedrock): a 404 may as well be about a file that the
 * request names, or a conversation, and for that nobody rests.
 */
const WORDS =
  /^(?:the |requested |publisher )*model\b|^models\/|^the (?:api |model )?deployment\b|^the provided model\b/i;

/** Whether a refusal comes from nobody who could answer: a page of what stands before a provider, or there is no such model. */
export function isNobodyThere(status: number, body: Buffer): boolean {
  if (status !== 403 && status !== 404) return false;
  const said = parseObject(body.toString('utf8'));
  // A page that is not found is of one endpoint, which others may do without.
  if (status === 403) return !said && !isList(body);
  if (!said) return false;
  const { error, message } = said;
  const { code, type, message: text } = objectOf(error);
  return CODES.has(code) || CODES.has(type) || WORDS.test(textOf(text) || textOf(error) || textOf(message));
}

/** Google's errors come in one where a stream was asked for. */
const isList = (body: Buffer): boolean => body.toString('utf8').trimStart().startsWith('[');
