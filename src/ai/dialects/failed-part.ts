import type { FailedPart } from '../../contracts/stream-part.ts';
import { isQuotaSpent } from '../quota-spent.ts';

/** What vendors call a refusal that comes when the stream has begun, and the status that it would have had before. */
const STATUSES: Readonly<Record<string, number>> = {
  // Anthropic.
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
  // Google.
  PERMISSION_DENIED: 403,
  // Bedrock.
  accessDeniedException: 403,
  throttlingException: 429,
  internalServerException: 500,
  serviceUnavailableException: 503,
  // OpenAI.
  invalid_api_key: 401,
  rate_limit_exceeded: 429,
  server_error: 500,
};
/** Of a refusal that says nothing but that the account is spent: OpenAI's. */
const QUOTA = 429;

/** Numbers that are about the gateway's key or its account. A 403 may as well be a moderator's (OpenRouter). */
const OF_THE_KEY: ReadonlySet<unknown> = new Set([401, 402, 429]);

/** @param said its code, its type: names, or a status as numbers go (OpenRouter, vLLM, Gemini) */
export function failedPart(message: string, ...said: readonly unknown[]): FailedPart {
  const [code, type] = said;
  const quotaSpent = isQuotaSpent({ error: { message, code, type } });
  const status = said.map(statusOf).find((each) => each !== undefined) ?? (quotaSpent ? QUOTA : undefined);
  return {
    type: 'error',
    message,
    ...(status !== undefined && { status }),
    ...(quotaSpent && { quotaSpent }),
  };
}

/** Of others it is not known whose they are. */
function statusOf(said: unknown): number | undefined {
  if (typeof said === 'string') return Object.hasOwn(STATUSES, said) ? STATUSES[said] : undefined;
  if (typeof said !== 'number' || !Number.isInteger(said)) return undefined;
  return OF_THE_KEY.has(said) || (said >= 500 && said < 600) ? said : undefined;
}
