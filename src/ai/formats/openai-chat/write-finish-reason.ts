import type { FinishReason } from '../../../contracts/stream-part.ts';

const REASONS: Readonly<Record<string, string>> = {
  length: 'length',
  tool_calls: 'tool_calls',
  content_filter: 'content_filter',
  refusal: 'content_filter',
};

/** OpenAI's four words; SDKs check them. null where the provider gave none. */
export const writeFinishReason = (reason: FinishReason): string | null =>
  reason === '' ? null : (REASONS[reason] ?? 'stop');
