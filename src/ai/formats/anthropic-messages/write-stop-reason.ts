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

/** Anthropic's word; null where the provider gave none. */
export const writeStopReason = (reason: FinishReason): string | null =>
  reason === '' ? null : (REASONS[reason] ?? 'end_turn');
