import type { Exchange } from '../../src/contracts/exchange.ts';
import type { HeaderBag, MessageBody, PolicyPorts, Unread } from '../../src/contracts/policy.ts';
import type { ChangeBody } from './changes.ts';

interface Message {
  readonly headers: HeaderBag;
  readonly body: MessageBody;
}

/** They describe the bytes that are no longer sent. */
const OF_THE_BYTES = [
  'content-encoding',
  'content-length',
  'content-digest',
  'content-md5',
  'digest',
  'repr-digest',
  'etag',
  'accept-ranges',
];

/**
 * A message with its JSON changed: plain, whatever coding it came in. A body of another type, or none, stays as it is.
 * @param refuse what becomes of a body that is JSON by its type and can't be read: it must not pass unchanged, since a
 *   field may have to be taken out of it
 */
export async function transformMessage<M extends Message>(
  message: M,
  change: ChangeBody,
  exchange: Exchange,
  {
    readJson,
    exactJson,
    limit,
    refuse,
  }: Pick<PolicyPorts, 'readJson' | 'exactJson'> & { limit: number; refuse: (why: Unread) => Error },
): Promise<M> {
  const read = await readJson(message.headers, message.body, limit);
  if (read.unread === 'empty' || read.unread === 'not_json') return { ...message, body: read.body };
  if (read.unread !== undefined) throw refuse(read.unread);
  const value = exactJson(read.text, read.value);
  change(value, exchange);
  const body = Buffer.from(JSON.stringify(value));
  const headers = withoutFactsOfBytes(message.headers);
  headers['content-length'] = String(body.length);
  return { ...message, headers, body };
}

/** The headers of a message whose bytes are not those that they were made for; HEAD tells of the same as GET. */
export function withoutFactsOfBytes(headers: HeaderBag): HeaderBag {
  const kept = { ...headers };
  for (const name of OF_THE_BYTES) delete kept[name];
  return kept;
}
