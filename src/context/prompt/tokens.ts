import type { Message, ToolResultPart, UserPart } from '../../contracts/model-request.ts';

/** UTF-8 bytes a token. English has 4.4 under o200k_base, other scripts less a character and more bytes for it. */
const BYTES_A_TOKEN = 4;
/** What a message costs beside its text (OpenAI's cookbook). */
const A_MESSAGE = 4;
/** Every provider counts pictures and documents in its own way; about that much is a page at full detail. */
const A_PICTURE = 1000;

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
    default:
      return A_PICTURE;
  }
}
