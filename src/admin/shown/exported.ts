import { Readable } from 'node:stream';
import { journeyIn } from '../../context/journey.ts';
import type { SessionOutline, SessionReader } from '../../context/read-sessions.ts';
import type { SessionRef } from '../../contracts/session.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { shownWhole } from './session.ts';

/** Which turns: those of versions above `after`, at most `limit`; all of them without. */
interface TurnsAsked {
  readonly after?: number | undefined;
  readonly limit?: number | undefined;
}

/** JSON that is made while it is sent. */
export type Pieces = AsyncGenerator<string, void>;

/** A conversation with what was said, as it was when it was asked for; `next` where more turns follow. */
export async function* exported(
  ref: SessionRef,
  outline: SessionOutline,
  reader: Pick<SessionReader, 'turns'>,
  { after = 0, limit }: TurnsAsked = {},
): Pieces {
  const { head, onPath } = outline;
  // Of one that has ended nothing is left but how far it came.
  const last = head.state === 'active' ? head.version : 0;
  const to = Math.min(last, after + (limit ?? last));
  const turns = async function* () {
    for await (const { turn, content } of reader.turns(ref, head, { after, to }))
      yield [
        JSON.stringify({
          ...turn,
          journey: journeyIn(turn.journey),
          reason: content.reason ?? '',
          onPath: onPath.has(turn.id),
          content,
        }),
      ];
  };
  yield `${JSON.stringify(shownWhole(ref, outline, true)).slice(0, -1)},"turns":`;
  yield* listed(turns());
  yield to < last ? `,"next":${to}}` : '}';
}

/** A page of what is exported. */
export async function* exportedPage(items: AsyncIterable<Pieces>, next: string | undefined): Pieces {
  let before = '{"items":';
  for await (const piece of listed(items)) {
    yield before + piece;
    before = '';
  }
  yield next === undefined ? '}' : `,"next":${JSON.stringify(next)}}`;
}

/** Begins with its first item: whatever comes before that may still fail. */
async function* listed(items: AsyncIterable<AsyncIterable<string> | Iterable<string>>): Pieces {
  let before = '[';
  for await (const item of items) {
    for await (const piece of item) {
      yield before + piece;
      before = '';
    }
    before = ',';
  }
  yield before === '[' ? '[]' : ']';
}

/**
 * Gives JSON out while it is made. What fails before its first piece is told like any other fault; what fails later cuts the
 * answer off, so that nobody takes a part for the whole, and is logged.
 * @returns the answer, for a handler to return whatever its schema says: Fastify sends a stream as it comes
 */
export async function streamed(
  reply: { header(name: string, value: string): unknown; readonly request: { readonly id: string } },
  pieces: Pieces,
  log: Logger,
): Promise<never> {
  const first = await pieces.next();
  const all = async function* (): Pieces {
    if (!first.done) yield first.value;
    yield* pieces;
  };
  reply.header('content-type', 'application/json; charset=utf-8');
  const cut = (err: Error): void => log.error({ err, request_id: reply.request.id }, 'an export was cut off');
  return Readable.from(all()).once('error', cut) as never;
}
