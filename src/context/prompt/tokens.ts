import type { Message, ToolResultPart, UserPart } from '../../contracts/model-request.ts';

/** Tokens that a model reads and writes in one call whose window nobody knows. */
export const USUAL_WINDOW = 128_000;
/** UTF-8 bytes a token. English has 4.4 under o200k_base, other scripts less a character and more bytes for it. */
const BYTES_A_TOKEN = 4;
/** What a message costs beside its text (OpenAI's cookbook). */
const A_MESSAGE = 4;
/** Every provider counts pictures and documents in its own way; about that much is a page at full detail. */
const A_PICTURE = 1000;
/**
 * A page of a document is some 30 kB in 40 kB of base64, and 1,500 tokens; one that was scanned has far more bytes for as many.
 * So none counts as more than what leaves half of a usual window, and is not left out of the very next prompt.
 */
const BASE64_A_TOKEN = 27;
const LONGEST_FILE = 64_000;

/** About how many tokens a text has: 0.1 µs, no tokenizer. */
export const textTokens = (text: string): number => Math.ceil(Buffer.byteLength(text) / BYTES_A_TOKEN);

/** About how many tokens messages have. */
export function messageTokens(messages: readonly Message[]): number {
  let tokens = 0;
  for (const message of messages) {
    tokens += A_MESSAGE;
    for (const part of message.content) tokens += partTokens(part);
  }
  return tokens;
}

type Part = Message['content'][number] | ToolResultPart['content'][number] | UserPart;

function partTokens(part: Part): number {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return textTokens(part.text);
    case 'reasoning':
      return textTokens(part.text + (part.opaque ?? ''));
    case 'tool-call':
      return textTokens(part.name + part.arguments) + A_MESSAGE;
    case 'tool-result':
      return part.content.reduce((sum, each) => sum + partTokens(each), A_MESSAGE);
    case 'file':
      return part.source.type === 'base64' ? fileTokens(part.source.data) : A_PICTURE;
    default:
      return A_PICTURE;
  }
}

const fileTokens = (base64: string): number =>
  Math.min(LONGEST_FILE, Math.max(A_PICTURE, Math.ceil(base64.length / BASE64_A_TOKEN)));
