import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { JsonObject } from '../contracts/model-request.ts';
import type { FailedPart, StreamPart } from '../contracts/stream-part.ts';
import type { AnswerFacts } from '../contracts/usage.ts';
import { objectsOf, parseList, parseObject, withoutMark } from '../lib/json.ts';
import type { UpstreamAnswer } from '../upstream/call.ts';
import { AnswerTape } from './answer-tape.ts';
import type { BegunAnswer, PreparedCall } from './chat-call.ts';
import { lookedAt, unknownOperation } from './dialects/operations/index.ts';
import { firstChunk } from './first-chunk.ts';
import { firstEvent } from './first-event.ts';
import { isJsonLines, jsonLines } from './json-lines.ts';
import { isNobodyThere } from './nobody-there.ts';
import { isFilteredRefusal, isOwnRefusal } from './own-refusal.ts';
import { factsOf } from './part-facts.ts';
import { BytePassage, RawPassage, TranslatedPassage } from './passage.ts';
import { isQuotaSpent } from './quota-spent.ts';
import { readBody } from './read-body.ts';
import { RejectedAnswer } from './rejected-answer.ts';
import { retryAfterIn } from './retry-delay.ts';
import { statusMeant } from './status-meant.ts';
import { TurnTape } from './turn-tape.ts';
import { StreamWatch } from './watch.ts';
import { WithheldEvents } from './withheld-events.ts';

/** `any`: a stream is passed on as one, JSON is read, and everything else goes on unread. */
export type WantedAnswer = 'stream' | 'whole' | 'any';

/**
 * Reads an answer up to the point from which there is no way back: the whole of it, or the first event of a stream.
 *
 * @param wanted what the client asked for: it can't read the other
 * @param onFirstByte a stream's first event, or the first byte of what isn't streamed
 * @throws GatewayError `provider_invalid_answer`, or the stream's own error; nothing is left running then
 */
export async function beginAnswer(
  answer: UpstreamAnswer,
  prepared: PreparedCall,
  wanted: WantedAnswer,
  onFirstByte: () => void,
): Promise<BegunAnswer> {
  if (answer.statusCode >= 400) return await readWhole(answer, prepared, onFirstByte);
  const type = String(answer.headers['content-type'] ?? '').toLowerCase();
  const isStream = type.startsWith(prepared.dialect.stream?.contentType ?? 'text/event-stream');
  const wrong = whatIsWrong(answer, isStream, wanted);
  if (wrong !== '' && !isStream && prepared.dialect.statusIn && type.includes('json')) {
    const refused = await readWhole(answer, prepared, onFirstByte);
    if (refused.statusCode >= 400) return refused;
  }
  if (wrong !== '') throw abandon(answer.body, wrong);
  const isText = type.startsWith('text/') && prepared.dialect.readText !== undefined;
  const isRead = isStream ? prepared.dialect.openStream !== undefined : type.includes('json') || isText;
  const isLines = prepared.isVerbatim === true && isJsonLines(type);
  if (wanted === 'any' && isLines) return await beginBytes(answer, onFirstByte, watchOf(prepared));
  if (wanted === 'any' && !isRead) return await beginBytes(answer, onFirstByte);
  if (isStream) return await beginStream(answer, prepared, onFirstByte);
  return await readWhole(answer, prepared, onFirstByte, isText);
}

function whatIsWrong(
  { statusCode, headers }: UpstreamAnswer,
  isStream: boolean,
  wanted: WantedAnswer,
): string {
  // Followed, a redirect would carry the provider's key to another origin; passed on, the client to a place not ours.
  if (statusCode >= 300) return `the provider redirects (${statusCode})`;
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') return `the answer is encoded (${encoding}) although nobody asked for it`;
  if (wanted === 'any' || isStream === (wanted === 'stream')) return '';
  return isStream
    ? 'an event stream came where none was asked for'
    : 'no event stream came where one was asked for';
}

/** @returns the error to throw */
function abandon(body: Readable, why: string, facts?: AnswerFacts, failure?: FailedPart): RejectedAnswer {
  // Destroyed before its end it emits an error; that we know.
  body.on('error', () => undefined).destroy();
  return new RejectedAnswer(why, facts, failure);
}

async function beginStream(
  answer: UpstreamAnswer,
  {
    dialect,
    translation,
    guarded,
    openTranscript,
    tapeBytes,
    isOfTurn,
    isRenamed,
    isExtra,
    isVerbatim,
  }: PreparedCall,
  onFirstByte: () => void,
): Promise<BegunAnswer> {
  const writer = (guarded ?? translation)?.openStream();
  const newTurnTape = () => (isOfTurn ? new TurnTape() : undefined);
  const translated = writer && new TranslatedPassage(writer, guarded?.openGuard(), newTurnTape());
  const mark = isVerbatim ? undefined : dialect.mark;
  const tape = tapeBytes === undefined ? undefined : new AnswerTape(tapeBytes, mark);
  const turnTape = newTurnTape();
  const withheld = isExtra && !translated ? new WithheldEvents(isExtra) : undefined;
  const transcript = openTranscript?.();
  const onEvent = transcript?.take.bind(transcript);
  const beside = { tape, turnTape, withheld, onEvent };
  const watch = new StreamWatch(dialect, translated && ((part) => translated.take(part)), beside);
  const first = await firstEvent(answer.body, watch);
  onFirstByte();
  if (watch.failed) throw abandon(answer.body, 'the stream began with an error event', watch, watch.failure);
  if (first === undefined) throw abandon(answer.body, 'the stream ended before it said anything', watch);
  const { statusCode, body } = answer;
  const headers = translated ? ownHeaders(answer, 'text/event-stream; charset=utf-8') : answer.headers;
  const passage =
    translated ??
    transcript ??
    (dialect.stream ? new RawPassage() : new BytePassage(withheld, mark, isRenamed));
  const isOriginal = translation === undefined;
  return { kind: 'stream', statusCode, headers, facts: watch, watch, passage, first, body, isOriginal };
}

/** An answer came, and that is all that is known of it. */
const UNREAD: readonly StreamPart[] = [{ type: 'item' }, { type: 'finish', reason: 'stop' }];

/** Of lines in a provider's own words: what was made before is billed no more. */
const watchOf = ({ method }: PreparedCall): StreamWatch =>
  new StreamWatch({ ...(method === 'POST' ? unknownOperation : lookedAt), stream: jsonLines });

/**
 * What nobody here has to read: it goes on as it comes.
 * @param watch sees it go by
 */
async function beginBytes(
  answer: UpstreamAnswer,
  onFirstByte: () => void,
  watch?: StreamWatch,
): Promise<BegunAnswer> {
  const { statusCode, headers, body } = answer;
  const first = await firstChunk(body);
  onFirstByte();
  if (first === undefined) {
    const parts: StreamPart[] = [{ type: 'finish', reason: 'stop' }];
    return { kind: 'whole', statusCode, headers, facts: factsOf(parts), parts, body: Buffer.alloc(0) };
  }
  if (watch) {
    watch.see(first);
    if (body.readableEnded) watch.end();
    else body.once('end', () => watch.end());
    return { kind: 'bytes', statusCode, headers, facts: watch, watch, first, body };
  }
  const facts = factsOf(UNREAD);
  facts.isCut = !body.readableEnded;
  body.once('end', () => {
    facts.isCut = false;
  });
  return { kind: 'bytes', statusCode, headers, facts, first, body };
}

async function readWhole(
  answer: UpstreamAnswer,
  { dialect, translation, isVerbatim = false }: PreparedCall,
  onFirstByte: () => void,
  isText = false,
): Promise<BegunAnswer> {
  const body = await readBody(answer.body, onFirstByte);
  const text = withoutMark(body.toString('utf8'));
  const said = parseObject(text);
  // Google's errors come in a list where a stream was asked for.
  const refused = said ?? (answer.statusCode >= 400 ? objectsOf(parseList(text))[0] : undefined);
  const statusCode =
    (!isVerbatim && said && dialect.statusIn?.(said)) || statusMeant(answer.statusCode, refused);
  if (statusCode >= 400) {
    const headers = { ...retryAfterIn(refused), ...answer.headers };
    const refusal = translation?.refusal(statusCode, body);
    const about = {
      kind: 'whole',
      statusCode,
      facts: undefined,
      parts: [],
      quotaSpent: isQuotaSpent(refused),
      isOwn: isOwnRefusal(statusCode, refused),
      isNobody: isNobodyThere(statusCode, refused),
      isFiltered: isFilteredRefusal(statusCode, refused),
    } as const;
    return refusal
      ? { ...about, headers: ownHeaders({ headers }), body: refusal }
      : { ...about, headers, body };
  }
  const parts =
    (said && dialect.readAnswer(said)) ??
    (isText ? dialect.readText?.(text) : undefined) ??
    (isVerbatim ? partsOfAny(text, said) : undefined);
  if (!parts) throw abandon(answer.body, 'the answer is not a completion: no JSON object, or an error');
  const facts = factsOf(parts);
  if (facts.failed && !isVerbatim)
    throw abandon(answer.body, 'the answer says that it failed', facts, facts.failure);
  const { headers } = answer;
  if (!translation) {
    const marked = (!isVerbatim && dialect.mark?.(body)) || body;
    const isUnread = said === undefined;
    return { kind: 'whole', statusCode, headers, facts, parts, body: marked, isOriginal: true, isUnread };
  }
  const translated = translation.answer(parts);
  if (!translated) throw abandon(answer.body, 'the arguments of a tool call are no JSON object', facts);
  return { kind: 'whole', statusCode, headers: ownHeaders(answer), facts, parts, body: translated };
}

/** Of an answer that is its client's to read, whatever it is: what it came to, if it or an event of its list says so. */
function partsOfAny(text: string, said: JsonObject | undefined): readonly StreamPart[] {
  if (said) return unknownOperation.readAnswer(said) ?? UNREAD;
  if (!text.trimStart().startsWith('[')) return UNREAD;
  const parts: StreamPart[] = [];
  const reader = unknownOperation.openStream?.((part) => void parts.push(part));
  for (const event of objectsOf(parseList(text))) reader?.read(event, '');
  reader?.close?.(false);
  return [...UNREAD, ...parts];
}

/** Those of an answer that is not the provider's own any more. */
function ownHeaders(
  { headers }: Pick<UpstreamAnswer, 'headers'>,
  contentType = 'application/json',
): IncomingHttpHeaders {
  const retryAfter = headers['retry-after'];
  return { 'content-type': contentType, ...(retryAfter !== undefined && { 'retry-after': retryAfter }) };
}
