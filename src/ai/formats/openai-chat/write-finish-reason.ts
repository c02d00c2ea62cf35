import type { FinishReason } from '../../../contracts/stream-part.ts';

const REASONS: Readonly<Record<string, string>> = {
  length: 'length',
  tool_calls: 'tool_calls',
  content_filter: 'content_filter',
  refusal: 'content_filter',
};

/**
 * OpenAI's four words; SDKs check them. null where the provider gave none.
 * @param isFormer the answer calls a function in the API's former words, which have one of their own for that
 */
export function writeFinishReason(reason: FinishReason, isFormer: boolean): string | null {
  if (isFormer && reason === 'tool_calls') return 'function_call';
  return reason === '' ? null : (REASONS[reason] ?? 'stop');
}
