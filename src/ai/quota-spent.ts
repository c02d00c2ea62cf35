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
/**
 * Beginnings of refusals that are otherwise like any other (Anthropic, xAI, SiliconFlow). Further on in a text may stand what its
 * client sent: nobody may rest a key for all by it.
 */
const WORDS = [
  /^Your credit balance is too low/,
  /^Your team \S{1,64} has either used all available credits/,
  /^(?:Sorry, your account|The selected model requires paid balance)\b.{0,40}balance is insufficient/,
];

/** Whether a refusal is about the gateway's account: waiting a little will not help. */
export function isQuotaSpent(body: Buffer): boolean {
  const { error, message } = parseObject(body.toString('utf8')) ?? {};
  const { code, type, message: said } = objectOf(error);
  const text = textOf(said) || textOf(error) || textOf(message);
  return CODES.has(code) || CODES.has(type) || WORDS.some((words) => words.test(text));
}
