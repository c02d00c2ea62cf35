import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Emit } from '../../../contracts/provider.ts';
import { objectOf, textOf } from '../../../lib/json.ts';
import { mapFinishReason } from './map-finish-reason.ts';

/** What a block of content says at once: all of a whole answer's block, or what a streamed one begins with. */
export function readBlock(block: JsonObject, emit: Emit): void {
  const [text, thinking, signature] = [textOf(block.text), textOf(block.thinking), textOf(block.signature)];
  if (block.type === 'text') {
    if (text !== '') emit({ type: 'text', text });
    if (Array.isArray(block.citations))
      for (const each of block.citations) readCitation(objectOf(each), emit);
  } else if (block.type === 'thinking') {
    if (thinking !== '') emit({ type: 'reasoning', text: thinking });
    if (signature !== '') emit({ type: 'reasoning-signature', signature, maker: 'anthropic' });
  } else if (block.type === 'redacted_thinking') {
    emit({ type: 'reasoning-opaque', data: textOf(block.data), maker: 'anthropic' });
  }
}

/** A place on the web, or in what the client sent: a document, a search's result. */
export function readCitation(said: JsonObject, emit: Emit): void {
  const [url, title, text] = [textOf(said.url), textOf(said.title), textOf(said.cited_text)];
  emit({ type: 'citation', citation: url ? { url, ...(title && { title }), text } : { place: said } });
}

export function readStop({ stop_reason: reason, stop_sequence: sequence }: JsonObject, emit: Emit): void {
  if (typeof reason !== 'string') return;
  const met = textOf(sequence);
  emit({ type: 'finish', reason: mapFinishReason(reason), ...(met && { stopSequence: met }) });
}
