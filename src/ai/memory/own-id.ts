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
export function replaceId(bytes: Buffer | string, theirs: string, ours: string): Buffer | string {
  if (theirs === '' || bytes.length === 0) return bytes;
  const text = typeof bytes === 'string' ? bytes : bytes.toString('utf8');
  return text.includes(theirs) ? text.replaceAll(theirs, ours) : bytes;
}

/** A provider that was told of nothing says so; quotes in what a model says are escaped, and are never this. */
const KEPT_NOWHERE = /"(store|previous_response_id|conversation)":\s*(?:false|null)/g;

/** The same of where a response is kept, and of what it follows. */
export function replaceKept(bytes: Buffer | string, kept: JsonObject): Buffer | string {
  if (bytes.length === 0) return bytes;
  const text = typeof bytes === 'string' ? bytes : bytes.toString('utf8');
  if (!text.includes('"response":')) return bytes;
  const { conversation } = kept;
  // Not everyone has the field: it stands beside one that everyone has.
  const isAdded = conversation !== undefined && !text.includes('"conversation":');
  const field = (name: string): string => `"${name}":${JSON.stringify(kept[name])}`;
  return text.replace(KEPT_NOWHERE, (said, name: string) => {
    const own = kept[name] === undefined ? said : field(name);
    return isAdded && name === 'previous_response_id' ? `${own},${field('conversation')}` : own;
  });
}
