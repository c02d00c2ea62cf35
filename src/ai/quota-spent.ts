import { objectOf, parseObject, textOf } from '../lib/json.ts';

/** Codes and types under which vendors say that an account is spent or not paid for (OpenAI, Anthropic, Moonshot, Qwen, Zhipu). */
const CODES: ReadonlySet<unknown> = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'billing_error',
  'exceeded_current_quota_error',
  'Arrearage',
  '1113',
]);
/** Those that say it in a refusal that is otherwise like any other (Anthropic, xAI, SiliconFlow). */
const WORDS = ['credit balance is too low', 'used all available credits', 'balance is insufficient'];

/** Whether a refusal is about the gateway's account: waiting a little will not help. */
export function isQuotaSpent(body: Buffer): boolean {
  const { error, message } = parseObject(body.toString('utf8')) ?? {};
  const { code, type, message: said } = objectOf(error);
  const text = textOf(said) || textOf(error) || textOf(message);
  return CODES.has(code) || CODES.has(type) || WORDS.some((words) => text.includes(words));
}
