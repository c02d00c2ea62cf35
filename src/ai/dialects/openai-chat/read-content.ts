import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Emit } from '../../../contracts/provider.ts';
import { parseDataUrl } from '../../../lib/data-url.ts';
import { isObject, objectOf, objectsOf, textOf } from '../../../lib/json.ts';
import { makerOfDetail } from '../../reasoning-detail.ts';
import { ending } from '../ending.ts';
import { tokensIn } from '../logprobs.ts';
import { ENDINGS } from './endings.ts';

/**
 * What a message, or what a chunk adds to one, says besides tool calls: the two have the same fields. Reasoning goes by
 * `reasoning_content` (DeepSeek, and most that followed) or `reasoning` (OpenRouter, vLLM).
 */
export function readContent(said: JsonObject, choice: number | undefined, emit: Emit): void {
  const reasoning = textOf(said.reasoning_content) || textOf(said.reasoning);
  if (reasoning !== '') emit({ type: 'reasoning', text: reasoning, choice });
  for (const detail of objectsOf(said.reasoning_details)) {
    const [signature, data] = [textOf(detail.signature), textOf(detail.data)];
    const maker = makerOfDetail(textOf(detail.format));
    if (signature !== '') emit({ type: 'reasoning-signature', signature, maker, choice });
    if (data !== '') emit({ type: 'reasoning-opaque', data, maker, choice });
  }
  for (const block of objectsOf(said.content)) {
    // Mistral's models that think answer in blocks.
    const thought = objectsOf(block.thinking)
      .map(({ text }) => textOf(text))
      .join('');
    if (thought !== '') emit({ type: 'reasoning', text: thought, choice });
    if (textOf(block.text) !== '') emit({ type: 'text', text: textOf(block.text), choice });
  }
  const text = textOf(said.content);
  if (text !== '') emit({ type: 'text', text, choice });
  // Pictures are OpenRouter's; sound is in nobody's format but OpenAI's.
  for (const { image_url: image } of objectsOf(said.images)) {
    const picture = parseDataUrl(textOf(objectOf(image).url));
    emit(picture ? { type: 'image', ...picture, choice } : { type: 'item' });
  }
  if (isObject(said.audio)) emit({ type: 'item' });
  const refusal = textOf(said.refusal);
  if (refusal !== '') emit({ type: 'refusal', text: refusal, choice });
  for (const annotation of objectsOf(said.annotations)) {
    const { url, title, start_index: start, end_index: end } = objectOf(annotation.url_citation);
    if (typeof url !== 'string') continue;
    const place = { start: Number(start) || 0, end: Number(end) || 0 };
    emit({ type: 'citation', citation: { url, title: textOf(title), ...place }, choice });
  }
}

/**
 * What a choice says beside its message.
 * @param calls whether it calls tools: where it was told to call one, OpenAI says `stop`, and others say so wherever they do
 */
export function readChoice(said: JsonObject, choice: number | undefined, calls: boolean, emit: Emit): void {
  const { content, refusal } = objectOf(said.logprobs);
  const [tokens, refusing] = [tokensIn(content), tokensIn(refusal)];
  if (tokens.length > 0) emit({ type: 'logprobs', tokens, choice });
  if (refusing.length > 0) emit({ type: 'logprobs', tokens: refusing, isRefusal: true, choice });
  const { finish_reason: reason } = said;
  if (typeof reason !== 'string') return;
  const ended = ending(reason, ENDINGS, choice);
  const isCall = calls && ended.type === 'finish' && ended.reason === 'stop';
  emit(isCall ? { ...ended, reason: 'tool_calls' } : ended);
}
