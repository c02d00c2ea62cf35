import type { EndingWords } from '../ending.ts';

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html: `stopReason`. */
export const ENDINGS: EndingWords = {
  reasons: {
    end_turn: 'stop',
    stop_sequence: 'stop_sequence',
    max_tokens: 'length',
    model_context_window_exceeded: 'length',
    tool_use: 'tool_calls',
    guardrail_intervened: 'content_filter',
    content_filtered: 'content_filter',
  },
  failures: new Set(['malformed_model_output', 'malformed_tool_use']),
};
