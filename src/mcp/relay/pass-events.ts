import { StoreUnavailable } from '../../contracts/store.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { UpstreamAnswer } from '../../upstream/call.ts';
import { failureInAnswer } from '../../upstream/failure.ts';
import { rpcError } from '../rpc.ts';
import { type Asked, findAsked, keepAsked, UNKNOWN } from '../sessions/asked.ts';
import { EventSink } from './event-sink.ts';
import { readEvents, type StreamPiece, writePiece } from './events.ts';
import { guardedMessage } from './guard-texts.ts';
import { answers, type Passage, parsedMessage, walked } from './passage.ts';
import { type ResponseMessage, rewriteResponse } from './rewrite.ts';
import { StreamLog } from './stream-log.ts';

/** The first revision whose clients take an event without data, which says only where a stream can be resumed. */
const TAKES_EMPTY_EVENTS = '2025-11-25';

const LIST_CHANGED = 'notifications/tools/list_changed';

/** Passes a server's event stream on, message by message, and keeps it for its client's return where nobody else does. */
export async function passEvents(answer: UpstreamAnswer, passage: Passage): Promise<void> {
  const { call, server } = passage;
  const { inbound } = call;
  const sink = new EventSink(call, passage.headers);
  let log: StreamLog | undefined;
  let isFirst = true;
  let isResumable = false;
  let hasResponse = false;
  try {
    for await (const piece of readEvents(answer.body, server.config.results.maxSize)) {
      if (piece.kind !== 'event') {
        await sink.write(writePiece(piece));
        continue;
      }
      if (isFirst) {
        isFirst = false;
        isResumable = piece.id !== undefined;
        log = openLog(piece, passage);
        if (log && inbound.revision >= TAKES_EMPTY_EVENTS)
          await sink.write(writePiece({ kind: 'event', id: log.firstId, event: undefined, data: '' }));
      }
      const passed = await walked(() => passEvent(piece, passage));
      if (passed.isResponse) hasResponse = true;
      let { id } = piece;
      if (log) {
        id = await append(log, passed.data, passage);
        // The store is away: the answer goes on, and can’t be resumed from here.
        if (id === undefined) log = closed(log);
      }
      await sink.write(writePiece({ ...piece, id, data: passed.data }));
    }
    // A stream that can be resumed may end before its time: its client comes back.
    if (!hasResponse && !isResumable && inbound.kind === 'request')
      throw new GatewayError('upstream_truncated');
  } catch (error) {
    await endWithError(error, passage, sink, log);
  } finally {
    if (isResumable && !hasResponse) await keepForReturn(passage);
    log?.close();
    sink.end();
  }
}

async function append(log: StreamLog, data: string, { call, server }: Passage): Promise<string | undefined> {
  try {
    return await log.append(data);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    call.ports.log.warn(
      { err: error, server: server.name },
      'a stream is no longer kept for its client’s return',
    );
    return undefined;
  }
}

function closed(log: StreamLog): undefined {
  log.close();
}

/** Only streams of a session whose server gives its events no ids are kept here: others are resumed there. */
function openLog(first: StreamPiece, { call, session, detach }: Passage): StreamLog | undefined {
  const { inbound, config, ports } = call;
  if (!session || (first.kind === 'event' && first.id !== undefined) || !StreamLog.canKeep(inbound.id))
    return undefined;
  detach();
  return new StreamLog(ports, session, inbound.id, {
    ttlMs: config.session.ttl,
    most: config.session.events,
  });
}

async function passEvent(
  { data }: StreamPiece & { kind: 'event' },
  passage: Passage,
): Promise<{ data: string; isResponse: boolean }> {
  if (data === '') return { data, isResponse: false };
  const { call, server } = passage;
  const message = parsedMessage(data);
  if (message.method === LIST_CHANGED) server.tools.onListChanged();
  const isAnswer = message.method === undefined;
  // The server asks: whoever is to answer takes their time.
  if (!isAnswer && message.id !== undefined && call.exchange.mcp) call.exchange.mcp.isWaiting = true;
  // Every answer, whatever it answers: on a stream that is resumed it is that of an earlier request.
  const passed = isAnswer
    ? await rewriteResponse(message, server, call, await askedOf(message, passage))
    : guardedMessage(message, call);
  const isResponse = isAnswer && answers(message, call);
  return { data: passed === message ? data : JSON.stringify(passed), isResponse };
}

/** What an answer on a stream is the answer to. */
async function askedOf(message: ResponseMessage, passage: Passage): Promise<Asked> {
  const { call, server, session, subject } = passage;
  const { inbound, exchange, ports } = call;
  if (answers(message, call)) return { method: inbound.method, subject };
  if (!session) return UNKNOWN;
  const asked = await findAsked(ports.documents, session, message.id);
  if (exchange.mcp && asked.method === 'tools/call') {
    exchange.mcp.server = server.name;
    exchange.mcp.tool = asked.subject;
  }
  return asked;
}

/** What was asked on a stream that ends before its answer: it may come on another. */
async function keepForReturn({ call, server, session, subject }: Passage): Promise<void> {
  const { inbound, config, ports } = call;
  if (!session || inbound.id === null) return;
  const asked = { method: inbound.method, subject };
  try {
    await keepAsked(ports.documents, session, inbound.id, asked, config.session.ttl);
  } catch (error) {
    // Its answer is looked at by what it holds then.
    ports.log.warn({ err: error, server: server.name }, 'what a stream was for could not be kept');
  }
}

function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const code = error instanceof StoreUnavailable ? 'store_unavailable' : failureInAnswer(error);
  return new GatewayError(code, { cause: error });
}

/** A stream that breaks says why, in the words of the protocol; one that can be resumed just ends. */
async function endWithError(
  error: unknown,
  { call, server }: Passage,
  sink: EventSink,
  log: StreamLog | undefined,
): Promise<void> {
  const { exchange, inbound } = call;
  const known = asGatewayError(error);
  if (sink.isGone && !log) return;
  exchange.failWith(known);
  if (exchange.mcp) exchange.mcp.outcome = 'failed';
  if (inbound.id === null) return;
  const data = JSON.stringify(rpcError(known, inbound.id, exchange.id));
  try {
    const id = await log?.append(data);
    await sink.write(writePiece({ kind: 'event', id, event: 'message', data }));
  } catch (failure) {
    call.ports.log.warn({ err: failure, server: server.name }, 'the end of a stream could not be kept');
  }
}
