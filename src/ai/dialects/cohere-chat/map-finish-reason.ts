import type { FinishReason } from '../../../contracts/stream-part.ts';

const REASONS: Readonly<Record<string, FinishReason>> = {
  COMPLETE: 'stop',
  STOP_SEQUENCE: 'stop_sequence',
  MAX_TOKENS: 'length',
  TOOL_CALL: 'tool_calls',
  ERROR_TOXIC: 'content_filter',
};

export const mapFinishReason = (reason: string): FinishReason => REASONS[reason] ?? reason.toLowerCase();
