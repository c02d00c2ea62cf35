/** What of an input, or of prompts, comes in tokens of its model. */
export interface GivenTokens {
  readonly tokens: number;
  /** What they take in JSON at least. */
  readonly bytes: number;
}

/** Whether an input of embeddings, or a prompt, or one of several, is in tokens of its model. Servers of one's own take objects, which hold texts. */
export const holdsTokens = (input: unknown): boolean =>
  Array.isArray(input) && input.some((each) => typeof each === 'number' || Array.isArray(each));

/** @param input of a request: tokens, lists of them, texts, or whatever else */
export function givenTokens(input: unknown): GivenTokens {
  const given = { tokens: 0, bytes: 0 };
  if (!Array.isArray(input)) return given;
  for (const each of input) {
    if (typeof each === 'number') add(given, each);
    else if (Array.isArray(each)) for (const token of each) if (typeof token === 'number') add(given, token);
  }
  return given;
}

function add(given: { tokens: number; bytes: number }, token: number): void {
  given.tokens++;
  given.bytes += bytesOf(token);
}

/** Of its digits, and of what parts it from the next. No vocabulary has a million: what is larger was written otherwise. */
function bytesOf(token: number): number {
  if (token >= 100_000) return 7;
  if (token >= 10_000) return 6;
  if (token >= 1000) return 5;
  if (token >= 100) return 4;
  return token >= 10 ? 3 : 2;
}
