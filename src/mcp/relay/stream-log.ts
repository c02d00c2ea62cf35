import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestId } from '@modelcontextprotocol/server';
import type { Documents, EventLogs } from '../../contracts/store.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { rpcError } from '../rpc.ts';
import type { Session } from '../sessions/session-store.ts';

/** Streams that are being written, for as long as they say so. */
const ALIVE = 'mcp/streams';
const SAYS_SO_EVERY_MS = 5000;
const ALIVE_MS = 15_000;
/** A reader that hears nothing looks more and more seldom. */
const FIRST_WAIT_MS = 20;
const LONGEST_WAIT_MS = 250;
/** So long after the last word a writer has said that it lives, if it does. */
const SILENCE_MS = 10_000;
const LONGEST_ID = 128;
const MARK = 'g';

interface StreamName {
  /** Of the log, in its session. */
  readonly name: string;
  readonly request: RequestId;
}

type Stores = { readonly logs: EventLogs; readonly documents: Documents };

/** An event id of ours: `g.NAME.REQUEST.NUMBER_PLACE`, in its stream and in the log. A server's own ids are passed on as they are. */
function parseId(eventId: string): (StreamName & { number: number; place: string }) | undefined {
  const [mark, name, request, at, more] = eventId.split('.');
  if (mark !== MARK || !name || !request || at === undefined || more !== undefined) return undefined;
  const [, number = '0', place = ''] = /^(\d{1,15})_(.+)$/.exec(at) ?? [];
  if (at !== '' && place === '') return undefined;
  try {
    return {
      name,
      request: JSON.parse(Buffer.from(request, 'base64url').toString()) as RequestId,
      number: Number(number),
      place,
    };
  } catch {
    return undefined;
  }
}

const logOf = (session: Session, name: string): string => `mcp/${session.digest}/${name}`;

/**
 * The log of one stream whose server could not resume it: what was said is kept for a client that comes back, at this
 * replica or another.
 */
export class StreamLog {
  readonly #stores: Stores;
  readonly #log: string;
  readonly #prefix: string;
  readonly #name: string;
  readonly #limits: { ttlMs: number; most: number };
  readonly #heart: NodeJS.Timeout;
  #count = 0;

  constructor(stores: Stores, session: Session, request: RequestId, limits: { ttlMs: number; most: number }) {
    this.#stores = stores;
    this.#name = randomBytes(12).toString('base64url');
    this.#log = logOf(session, this.#name);
    this.#prefix = `${MARK}.${this.#name}.${Buffer.from(JSON.stringify(request)).toString('base64url')}.`;
    this.#limits = limits;
    const beat = (): void => {
      // A store that is away tells readers nothing either.
      stores.documents.put(ALIVE, this.#name, true, { ttlMs: ALIVE_MS }).catch(() => undefined);
    };
    this.#heart = setInterval(beat, SAYS_SO_EVERY_MS).unref();
  }

  /** Whether ids of requests like this one fit into an event's. */
  static canKeep(request: RequestId | null): request is RequestId {
    return request !== null && String(request).length <= LONGEST_ID;
  }

  /** Of the event before the first, from which all of the stream can be had. */
  get firstId(): string {
    return `${this.#prefix}`;
  }

  /** @returns the event's id @throws StoreUnavailable */
  async append(data: string): Promise<string> {
    const number = ++this.#count;
    const place = await this.#stores.logs.append(this.#log, `${number} ${data}`, this.#limits);
    return `${this.#prefix}${number}_${place}`;
  }

  close(): void {
    clearInterval(this.#heart);
  }
}

/** Whether an event id is of a log of ours. */
export const isOurs = (eventId: string): boolean => parseId(eventId) !== undefined;

/**
 * Whether there can be such an event in a session: where a stream has been, something of it still is. Of one that has only
 * begun nothing is there yet.
 * @throws StoreUnavailable
 */
export async function isKnown({ logs }: Stores, session: Session, eventId: string): Promise<boolean> {
  const of = parseId(eventId);
  if (!of) return false;
  try {
    const log = logOf(session, of.name);
    if (of.place === '' || (await logs.read(log, of.place, 1)).length > 0) return true;
    // The last one has nothing behind it.
    return (await logs.read(log, '', 1)).length > 0;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const isResponseTo = (data: string, request: RequestId): boolean => {
  const message = JSON.parse(data) as { id?: unknown; method?: unknown };
  return message.method === undefined && message.id === request;
};

/**
 * Reads a log on from an event: what is there, and then what comes, up to the response. If whoever wrote it is gone the
 * last event is an error that says so.
 * @throws StoreUnavailable; RangeError if there can be no such event
 */
export async function* resumeStream(
  stores: Stores,
  session: Session,
  lastEventId: string,
  { isOver, requestId }: { isOver(): boolean; requestId: string },
): AsyncGenerator<{ id: string; data: string }> {
  const from = parseId(lastEventId);
  if (!from) throw new RangeError('this is no event of a stream');
  const log = logOf(session, from.name);
  const prefix = lastEventId.slice(0, lastEventId.lastIndexOf('.') + 1);
  let { number, place } = from;
  const lost = (): { id: string; data: string } => ({
    id: lastEventId,
    data: JSON.stringify(rpcError(new GatewayError('mcp_stream_lost'), from.request, requestId)),
  });
  let waitMs = FIRST_WAIT_MS;
  let heardAt = performance.now();
  while (!isOver()) {
    const page = await stores.logs.read(log, place);
    for (const { place: at, text } of page) {
      const space = text.indexOf(' ');
      // What is missing in between was cut: its client must not take the rest for all.
      if (Number(text.slice(0, space)) !== ++number) {
        yield lost();
        return;
      }
      const data = text.slice(space + 1);
      yield { id: `${prefix}${number}_${at}`, data };
      if (isResponseTo(data, from.request)) return;
      place = at;
    }
    if (page.length > 0) {
      waitMs = FIRST_WAIT_MS;
      heardAt = performance.now();
      continue;
    }
    if (performance.now() - heardAt > SILENCE_MS) {
      if ((await stores.documents.get(ALIVE, from.name)) === undefined) {
        yield lost();
        return;
      }
      heardAt = performance.now();
    }
    await sleep(waitMs);
    waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 1.5);
  }
}
