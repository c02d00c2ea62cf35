import type { AnswerName } from '../../../contracts/format.ts';
import type { JsonObject, Maker } from '../../../contracts/model-request.ts';
import type { Citation, TokenLogprob } from '../../../contracts/stream-part.ts';
import { UNSIGNED, writeSeal } from '../../seal.ts';
import { annotation } from './write-response.ts';

/** An item of an output while it grows, and how it looks at any time. */
export type Item = { readonly id: string; status: string } & (
  | { readonly type: 'message'; parts: MessagePart[] }
  /** Nothing is encrypted until all of it is there. */
  | { readonly type: 'reasoning'; text: string; encrypted: string }
  | { readonly type: 'image_generation_call'; readonly result: string }
  | { readonly type: 'function_call'; readonly callId: string; readonly name: string; arguments: string }
);

export interface MessagePart {
  readonly type: 'output_text' | 'refusal';
  text: string;
  readonly citations: Citation[];
  readonly logprobs: TokenLogprob[];
}

/** @param at its place in the output */
export const itemId = (kind: 'msg' | 'rs' | 'fc' | 'ig', { id, itemIds }: AnswerName, at: number): string =>
  itemIds?.[at] ?? `${kind}_${id}_${at}`;

export function writeItem(item: Item): JsonObject {
  const { id, type, status } = item;
  switch (item.type) {
    case 'message':
      return { id, type, status, role: 'assistant', content: item.parts.map(writePart) };
    case 'reasoning': {
      const summary = item.text === '' ? [] : [{ type: 'summary_text', text: item.text }];
      return { id, type, summary, ...(item.encrypted && { encrypted_content: item.encrypted }) };
    }
    case 'image_generation_call':
      return { id, type, status, result: item.result };
    case 'function_call':
      return { id, type, status, call_id: item.callId, name: item.name, arguments: item.arguments };
  }
}

/**
 * So that OpenAI's models are not asked to take for their own what another one thought, nor to find it by its id. What they sealed
 * themselves is marked here as well: they open it by the id that they gave it, and not by the one that it has here.
 */
export const writeEncrypted = (
  kind: 'signature' | 'opaque',
  seal: string,
  maker: Maker | undefined,
): string => (seal === '' ? UNSIGNED : writeSeal(maker, kind, seal));

export function writePart({ type, text, citations, logprobs }: MessagePart): JsonObject {
  if (type === 'refusal') return { type, refusal: text };
  return { type, text, annotations: citations.flatMap(annotation), logprobs };
}
