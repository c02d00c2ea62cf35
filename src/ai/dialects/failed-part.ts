import type { StreamPart } from '../../contracts/stream-part.ts';

/** What vendors call a refusal that comes when the stream has begun, and the status that it would have had before. */
const STATUSES: Readonly<Record<string, number>> = {
  // Anthropic.
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
  // Bedrock.
  throttlingException: 429,
  internalServerException: 500,
  serviceUnavailableException: 503,
  // OpenAI.
  rate_limit_exceeded: 429,
  server_error: 500,
};

/** @param said its code or type: a name, or a status as numbers go (OpenRouter, vLLM, Gemini) */
export function failedPart(message: string, said: unknown): Extract<StreamPart, { type: 'error' }> {
  const named = typeof said === 'string' && Object.hasOwn(STATUSES, said) ? STATUSES[said] : said;
  return isStatus(named) ? { type: 'error', message, status: named } : { type: 'error', message };
}

/** Of others it is not known whose they are: a key rests long by a 401. */
const isStatus = (said: unknown): said is number =>
  said === 429 || (Number.isInteger(said) && (said as number) >= 500 && (said as number) < 600);
