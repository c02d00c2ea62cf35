import type { JsonObject, Maker, ReasoningPart } from '../contracts/model-request.ts';

/** What OpenRouter calls the seals of a maker. */
const FORMATS: Readonly<Record<string, string>> = {
  anthropic: 'anthropic-claude-v1',
  'google-text': 'google-gemini-v1',
  openai: 'openai-responses-v1',
};
const MAKERS = new Map(Object.entries(FORMATS).map(([maker, format]) => [format, maker]));

/** Whose seal a detail holds. Without a word of it, it is Anthropic's, as they were before others had any. */
export const makerOfDetail = (format: string): Maker => MAKERS.get(format) ?? (format || 'anthropic');

/**
 * Reasoning as it has to come back to its maker in the next turn of a chat, in OpenRouter's form; unsigned it is of no use to
 * anybody, and what seals a call stands with that.
 */
export function reasoningDetail({
  text,
  signature,
  opaque,
  maker,
}: Pick<ReasoningPart, 'text' | 'signature' | 'opaque' | 'maker'>): JsonObject[] {
  if (maker === 'google') return [];
  const format = maker === undefined ? {} : { format: FORMATS[maker] ?? maker };
  if (opaque !== undefined) return [{ type: 'reasoning.encrypted', data: opaque, ...format }];
  return signature ? [{ type: 'reasoning.text', text, signature, ...format }] : [];
}

type Entry = { readonly type: string; readonly maker?: Maker | undefined };

/** The place that Google's own OpenAI-like API has for the seal of a call; `sealed` stands before the call, if it has one. */
export function extraContent(
  sealed: (Entry & { readonly data?: string; readonly opaque?: string }) | undefined,
): JsonObject {
  const signature = sealed?.maker === 'google' ? (sealed.data ?? sealed.opaque) : undefined;
  return signature ? { extra_content: { google: { thought_signature: signature } } } : {};
}
