import type { FinishReason } from '../../../contracts/stream-part.ts';

const REASONS: Readonly<Record<string, FinishReason>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'content_filter',
  RECITATION: 'content_filter',
  LANGUAGE: 'content_filter',
  BLOCKLIST: 'content_filter',
  PROHIBITED_CONTENT: 'content_filter',
  SPII: 'content_filter',
  IMAGE_SAFETY: 'content_filter',
};

/** @param hasCalls Gemini stops at a call as it stops at the end of a text */
export function mapFinishReason(reason: string, hasCalls: boolean): FinishReason {
  const mapped = REASONS[reason] ?? reason.toLowerCase();
  return mapped === 'stop' && hasCalls ? 'tool_calls' : mapped;
}
