import type { EndingWords } from '../ending.ts';

/** As Gemini and Vertex count alike; what comes behind them is no good end. */
const NUMBERED = [undefined, 'STOP', 'MAX_TOKENS', 'SAFETY', 'RECITATION'];

/** The word, also where it is asked for as a number (`enum-encoding=int`); undefined: it goes on. */
export function endingWord(said: unknown): string | undefined {
  if (typeof said === 'number') return said < NUMBERED.length ? NUMBERED[said] : 'OTHER';
  return typeof said === 'string' ? said : undefined;
}

/** https://ai.google.dev/api/generate-content#FinishReason. One that Google does not name is no good end either. */
export const ENDINGS: EndingWords = {
  reasons: {
    STOP: 'stop',
    MAX_TOKENS: 'length',
    // The limit of one request: it would go on in the next.
    CONTINUATION: 'length',
    SAFETY: 'content_filter',
    RECITATION: 'content_filter',
    LANGUAGE: 'content_filter',
    BLOCKLIST: 'content_filter',
    PROHIBITED_CONTENT: 'content_filter',
    SPII: 'content_filter',
    IMAGE_SAFETY: 'content_filter',
    IMAGE_PROHIBITED_CONTENT: 'content_filter',
    IMAGE_RECITATION: 'content_filter',
  },
  failures: new Set([
    'OTHER',
    'IMAGE_OTHER',
    'NO_IMAGE',
    'MALFORMED_FUNCTION_CALL',
    'MALFORMED_RESPONSE',
    'UNEXPECTED_TOOL_CALL',
    'TOO_MANY_TOOL_CALLS',
    'MISSING_THOUGHT_SIGNATURE',
  ]),
  othersFail: true,
};
