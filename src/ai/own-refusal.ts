import { objectOf, parseObject, textOf } from '../lib/json.ts';

/** xAI: `Content violates usage guidelines. Team: …, Failed check: SAFETY_CHECK_TYPE_BIO`. */
const FILTERED = /^Content violates usage guidelines/;
/** What xAI says behind that of who asks: the gateway's account, and no business of its clients. */
const NAMES_THE_KEY = /\bAPI key ID\b/i;
/** OpenAI: `Request too large for gpt-4o … on tokens per min (TPM): Limit 30000, Requested 30601.` It never fits this key. */
const TOO_LARGE = /^Request too large for /;

/**
 * Whether a refusal is about what the one request holds, though its status says that of a key. As in `quota-spent.ts` only
 * the beginning of a text counts: what its client sent may be quoted behind it.
 */
export function isOwnRefusal(status: number, body: Buffer): boolean {
  if (status !== 403 && status !== 429) return false;
  const { error } = parseObject(body.toString('utf8')) ?? {};
  const { message, metadata } = objectOf(error);
  if (status === 429) return TOO_LARGE.test(textOf(message));
  // OpenRouter quotes what a moderator of its own has flagged.
  return objectOf(metadata).flagged_input !== undefined || FILTERED.test(textOf(error) || textOf(message));
}

/** Whether such a refusal speaks of the gateway's key as well. */
export const namesKey = (body: Buffer): boolean => NAMES_THE_KEY.test(body.toString('utf8'));
