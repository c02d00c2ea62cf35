import { objectOf, parseObject, textOf } from '../lib/json.ts';

/** Codes and types under which vendors say that an account is spent or not paid for (OpenAI, Anthropic). */
const CODES: ReadonlySet<unknown> = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'billing_error',
]);
/** Anthropic says it in a 400 that is otherwise like any other. */
const WORDS = 'credit balance is too low';

/** Whether a refusal is about the gateway's account: waiting a little will not help. */
export function isQuotaSpent(body: Buffer): boolean {
  const { error } = parseObject(body.toString('utf8')) ?? {};
  const { code, type, message } = objectOf(error);
  return CODES.has(code) || CODES.has(type) || textOf(message).includes(WORDS);
}
