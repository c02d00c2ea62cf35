import type { JsonObject } from '../../contracts/model-request.ts';
import { parseObject } from '../../lib/json.ts';
import type { ChatRequest } from '../chat-call.ts';

/**
 * What the ids are made from that a call's answer gives itself and its items. Not the request's: clients pass on the id of what
 * they were asked themselves (`x-request-id`), so that all rounds of an agent may have the same.
 */
export const answerId = ({ spanId }: { readonly spanId: string }): string => spanId;

/** What a response says of having been kept, and of where. */
export const keptFields = ({ conversation, previousResponse }: ChatRequest): JsonObject => ({
  store: true,
  previous_response_id: previousResponse || null,
  ...(conversation !== '' && { conversation: { id: conversation } }),
});

/** A response, as it is known here: by the id that it can be asked for, and that the next one may follow. */
export function withOwnId(body: Buffer, id: string, more: JsonObject): Buffer {
  const response = parseObject(body.toString('utf8'));
  return response ? Buffer.from(JSON.stringify({ ...response, ...more, id })) : body;
}

/** The same in the events of a stream: ids are long and random, so that nothing else can look like one. */
export const replaceId = (bytes: Buffer | string, theirs: string, ours: string): Buffer | string =>
  theirs === '' ? bytes : rewritten(bytes, (text, as) => text.replaceAll(as(theirs), as(ours)));

/** A provider that was told of nothing says so; quotes in what a model says are escaped, and are never this. */
const KEPT_NOWHERE = /"(store|previous_response_id|conversation)":\s*(?:false|null)/g;

/** The same of where a response is kept, and of what it follows. */
export const replaceKept = (bytes: Buffer | string, kept: JsonObject): Buffer | string =>
  rewritten(bytes, (text, as) => {
    if (!text.includes('"response":')) return text;
    const { conversation } = kept;
    // Not everyone has the field: it stands beside one that everyone has.
    const isAdded = conversation !== undefined && !text.includes('"conversation":');
    const field = (name: string): string => as(`"${name}":${JSON.stringify(kept[name])}`);
    return text.replace(KEPT_NOWHERE, (said, name: string) => {
      const own = kept[name] === undefined ? said : field(name);
      return isAdded && name === 'previous_response_id' ? `${own},${field('conversation')}` : own;
    });
  });

/**
 * Changes what is written. Bytes are read as one letter each: of an event that goes on in pieces (it is too large to be held)
 * a character may be cut at their edge, and stays whole.
 * @param change is told how words are written in its text
 */
function rewritten(
  bytes: Buffer | string,
  change: (text: string, as: (word: string) => string) => string,
): Buffer | string {
  if (typeof bytes === 'string') return change(bytes, (word) => word);
  const text = bytes.toString('latin1');
  const changed = change(text, (word) => Buffer.from(word).toString('latin1'));
  return changed === text ? bytes : Buffer.from(changed, 'latin1');
}
