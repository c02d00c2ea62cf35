import { hash } from 'node:crypto';

/** Which ids of tools' calls a vendor takes. */
interface IdRule {
  readonly fits: RegExp;
  /** Of an id in place of one that does not fit. */
  readonly length: number;
}

/** `tool_use.id: String should match pattern`; Bedrock says how long, too. */
export const ANTHROPIC_IDS: IdRule = { fits: /^[\w-]{1,64}$/, length: 24 };
/** `tool_calls[0].id: string too long`. Newer models take 64. */
export const OPENAI_IDS: IdRule = { fits: /^.{0,40}$/s, length: 24 };
/** `Tool call id must be a-z, A-Z, 0-9, with a length of 9` */
export const MISTRAL_IDS: IdRule = { fits: /^[A-Za-z0-9]{9}$/, length: 9 };

/**
 * The id of a call, which another vendor may have given it, as this one takes it. The same id always becomes the same one:
 * a call and its result agree, and so do the turns of a conversation, for the caches of prompts.
 */
export const toolId = (id: string, { fits, length }: IdRule): string =>
  fits.test(id) ? id : hash('sha256', id, 'base64').replace(/[+/=]/g, '').slice(0, length);

const NAME = Buffer.from('tool_use_id"');
const QUOTE = 34;

/** Whether a messages request may hold a call with an id that Anthropic refuses: each has a result, which names it. */
export function holdsOthersIds(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(NAME); at >= 0; at = bytes.indexOf(NAME, at + NAME.length)) {
    const from = bytes.indexOf(QUOTE, at + NAME.length) + 1;
    const to = bytes.indexOf(QUOTE, from);
    if (!ANTHROPIC_IDS.fits.test(bytes.toString('latin1', from, Math.min(to, from + 65)))) return true;
  }
  return false;
}
