import type { EndingWords } from '../ending.ts';

export const ENDINGS: EndingWords = {
  reasons: {
    COMPLETE: 'stop',
    STOP_SEQUENCE: 'stop_sequence',
    MAX_TOKENS: 'length',
    TOOL_CALL: 'tool_calls',
    ERROR_TOXIC: 'content_filter',
    ERROR_LIMIT: 'length',
  },
  failures: new Set(['ERROR', 'TIMEOUT']),
};
