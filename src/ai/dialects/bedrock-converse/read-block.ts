import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Emit } from '../../../contracts/provider.ts';
import { objectOf, textOf } from '../../../lib/json.ts';

/** What is said of text and reasoning, in a block of a whole answer or in what a stream adds to one. */
export function readBlock(block: JsonObject, emit: Emit): void {
  const text = textOf(block.text);
  if (text !== '') emit({ type: 'text', text });
  const said = objectOf(block.reasoningContent);
  // A stream has no `reasoningText` around it.
  const thought = said.reasoningText === undefined ? said : objectOf(said.reasoningText);
  const [words, signature, data] = [
    textOf(thought.text),
    textOf(thought.signature),
    textOf(said.redactedContent),
  ];
  if (words !== '') emit({ type: 'reasoning', text: words });
  // Of those at Bedrock Anthropic's alone sign what they think.
  if (signature !== '') emit({ type: 'reasoning-signature', signature, maker: 'anthropic' });
  if (data !== '') emit({ type: 'reasoning-opaque', data, maker: 'anthropic' });
}

/** A place on the web, or in a document that the client sent. */
export function readCitation(said: JsonObject, emit: Emit): void {
  const url = textOf(objectOf(objectOf(said.location).web).url);
  const title = textOf(said.title);
  if (url === '' && title === '') return;
  emit({ type: 'citation', citation: { ...(url && { url }), ...(title && { title }) } });
}
