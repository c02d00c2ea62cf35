import type { FinishReason } from '../../../contracts/stream-part.ts';

const REASONS: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  stop_sequence: 'stop_sequence',
  tool_use: 'tool_calls',
  pause_turn: 'pause',
  refusal: 'refusal',
};

export const mapFinishReason = (reason: string): FinishReason => REASONS[reason] ?? reason;
