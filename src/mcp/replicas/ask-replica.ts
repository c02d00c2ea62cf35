import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { UpstreamAnswer } from '../../upstream/call.ts';
import type { CancelSignal } from '../../upstream/signal.ts';
import { claim } from './claim.ts';
import { isAlive } from './is-alive.ts';
import type { ReplicaPorts } from './replica-ports.ts';
import {
  ANSWER_TTL_MS,
  type Ask,
  answerOf,
  inboxOf,
  MOST_WAITING,
  READ,
  SAID_EVERY,
  type SentPiece,
} from './wire.ts';

const FIRST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 50;
/** So long after the last word it is looked whether the other replica lives. */
const SILENCE_MS = 1000;
/** One that lives and does not take a request in this time has too much to do. */
const PATIENCE_MS = 10_000;
const INBOX_TTL_MS = 3_600_000;

type Ports = Omit<ReplicaPorts, 'log'>;

interface Waiting {
  readonly ports: Ports;
  readonly replica: string;
  readonly id: string;
  readonly signal: CancelSignal;
  onFacts(facts: SentPiece['facts']): void;
}

/**
 * Has a request done by the replica that keeps its session or its call.
 * @returns undefined: that replica is gone, or took too long, and has not begun; it never will then
 * @throws GatewayError: of the host there; `mcp_stream_lost`: it has begun and is gone. StoreUnavailable
 */
export async function askReplica(
  replica: string,
  fields: Omit<Ask, 'kind' | 'id'>,
  { ports, signal, onFacts }: Omit<Waiting, 'replica' | 'id'>,
): Promise<UpstreamAnswer | undefined> {
  if (!(await isAlive(replica, ports))) return undefined;
  const id = randomUUID();
  const inbox = { ttlMs: INBOX_TTL_MS, most: MOST_WAITING };
  const ask: Ask = { kind: 'ask', id, ...fields };
  await ports.logs.append(inboxOf(replica), JSON.stringify(ask), inbox);
  const leave = (): void => {
    // If it can't be told, the answer is read by nobody and runs out.
    ports.logs.append(inboxOf(replica), JSON.stringify({ kind: 'leave', id }), inbox).catch(() => undefined);
  };
  signal.once('abort', leave);
  const pieces = readPieces({ ports, replica, id, signal, onFacts });
  const { value: head } = await pieces.next();
  if (head === undefined) {
    signal.off('abort', leave);
    return undefined;
  }
  if (head.kind !== 'head') throw new GatewayError('mcp_stream_lost');
  const body = Readable.from(bodyOf(pieces), { objectMode: false });
  body.once('close', () => {
    signal.off('abort', leave);
    if (!body.readableEnded) leave();
    // Nobody needs it any more; what can't be dropped runs out.
    ports.logs.drop(answerOf(id)).catch(() => undefined);
  });
  return { statusCode: head.status, headers: head.headers, body };
}

async function* bodyOf(pieces: AsyncGenerator<SentPiece>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) if (piece.kind === 'text') yield Buffer.from(piece.text);
}

/** Pieces of an answer as they come, up to its end. Nothing at all: nobody has begun, and nobody will. */
async function* readPieces({ ports, replica, id, signal, onFacts }: Waiting): AsyncGenerator<SentPiece> {
  const { logs, clock } = ports;
  const askedAt = clock.monotonic();
  let heardAt = askedAt;
  let place = '';
  let waitMs = FIRST_WAIT_MS;
  let next = 0;
  let saidAt = 0;
  while (!signal.aborted) {
    const page = await logs.read(answerOf(id), place);
    for (const { place: at, text } of page) {
      const piece = JSON.parse(text) as SentPiece;
      place = at;
      // Written twice: the store has kept the answer to the first try to itself.
      if (piece.at < next) continue;
      if (piece.at !== next++)
        throw new GatewayError('mcp_stream_lost', { cause: new Error('pieces are missing') });
      onFacts(piece.facts);
      if (piece.kind === 'failed') throw new GatewayError(piece.code, { headers: piece.headers });
      if (piece.kind === 'end') return;
      yield piece;
    }
    if (next - saidAt >= SAID_EVERY) {
      saidAt = next;
      await ports.documents.put(READ, id, next, { ttlMs: ANSWER_TTL_MS });
    }
    if (page.length > 0) {
      heardAt = clock.monotonic();
      waitMs = FIRST_WAIT_MS;
      continue;
    }
    if (clock.monotonic() - heardAt > SILENCE_MS) {
      heardAt = clock.monotonic();
      const lives = await isAlive(replica, ports);
      const isPatient = next > 0 || clock.monotonic() - askedAt < PATIENCE_MS;
      if (!lives || !isPatient) {
        // Given up before anybody began.
        if (next === 0 && (await claim(ports.documents, id))) return;
        if (!lives) throw new GatewayError('mcp_stream_lost');
      }
    }
    await sleep(waitMs);
    waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 1.5);
  }
  throw signal.reason;
}
