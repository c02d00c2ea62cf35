import type { JsonObject } from '../contracts/model-request.ts';
import { objectOf, textOf } from '../lib/json.ts';

/** Codes and types under which vendors say that an account is spent or not paid for (OpenAI, Anthropic, Groq, Moonshot, Qwen, Zhipu). */
const CODES: ReadonlySet<unknown> = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'credit_balance_exhausted',
  'organization_spend_limit_exceeded',
  'organization_usage_limit_exceeded',
  'project_spend_limit_exceeded',
  'billing_error',
  'enforced_spend_limit_reached',
  'blocked_api_access',
  'exceeded_current_quota_error',
  'Arrearage',
  '1113',
]);
/**
 * Beginnings of refusals that are otherwise like any other (Anthropic, xAI, SiliconFlow). Further on in a text may stand what its
 * client sent: nobody may rest a key for all by it.
 */
const WORDS = [
  /^Your credit balance is too low/,
  /^You have reached your specified (?:workspace )?API usage limits\b/,
  /^Your team \S{1,64} has either used all available credits/,
  /^(?:Sorry, your account|The selected model requires paid balance)\b.{0,40}balance is insufficient/,
];

/** Whether a refusal is about the gateway's account: waiting a little will not help. */
export function isQuotaSpent(refusal: JsonObject | undefined): boolean {
  const { error, message } = objectOf(refusal);
  const { code, type, details, message: said } = objectOf(error);
  const text = textOf(said) || textOf(error) || textOf(message);
  const codes = [code, type, objectOf(details).error_code];
  return codes.some((each) => CODES.has(each)) || WORDS.some((words) => words.test(text));
}
