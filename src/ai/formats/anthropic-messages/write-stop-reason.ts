import type { FinishReason } from '../../../contracts/stream-part.ts';

const REASONS: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  stop_sequence: 'stop_sequence',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
  refusal: 'refusal',
  pause: 'pause_turn',
};

/**
 * Anthropic's word; null where the provider gave none.
 * @param refuses it has said in words that it will not, which OpenAI calls a good end
 */
export const writeStopReason = (reason: FinishReason, refuses: boolean): string | null => {
  if (reason === '') return null;
  return refuses && reason === 'stop' ? 'refusal' : (REASONS[reason] ?? 'end_turn');
};
