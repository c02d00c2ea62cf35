import type { JsonObject } from '../../contracts/model-request.ts';
import { parseObject } from '../../lib/json.ts';
import type { ChatRequest } from '../chat-call.ts';

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

/** A provider that was told of no earlier response says so; quotes in what a model says are escaped, and are never this. */
const FOLLOWS_NONE = /"previous_response_id":\s*null/g;

/** The same of the response that this one follows. */
export function replacePrevious(bytes: Buffer | string, previous: string): Buffer | string {
  if (previous === '' || bytes.length === 0) return bytes;
  const text = typeof bytes === 'string' ? bytes : bytes.toString('utf8');
  return text.includes('"previous_response_id"')
    ? text.replace(FOLLOWS_NONE, () => `"previous_response_id":${JSON.stringify(previous)}`)
    : bytes;
}
