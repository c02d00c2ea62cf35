import type { Readable } from 'node:stream';
import { GatewayError } from '../errors/gateway-error.ts';
import type { UpstreamAnswer } from '../upstream/call.ts';
import { factsOfAnswer } from './answer-facts.ts';
import type { BegunAnswer } from './chat-call.ts';
import { firstEvent } from './first-event.ts';
import { StreamWatch } from './watch.ts';

/** Bytes of an answer that isn't streamed: it is held until it is whole. */
const LARGEST_ANSWER = 64 * 1024 * 1024;

/**
 * Reads an answer up to the point from which there is no way back: the whole of it, or the first event of a stream.
 *
 * @param wantsStream what the client asked for: it can't read the other
 * @param onFirstByte a stream's first event, or the first byte of what isn't streamed
 * @throws GatewayError `provider_invalid_answer`, or the stream's own error; nothing is left running then
 */
export async function beginAnswer(
  answer: UpstreamAnswer,
  wantsStream: boolean,
  onFirstByte: () => void,
): Promise<BegunAnswer> {
  const wrong = answer.statusCode < 400 ? whatIsWrong(answer, wantsStream) : '';
  if (wrong !== '') throw abandon(answer.body, wrong);
  return wantsStream && answer.statusCode < 400
    ? await beginStream(answer, onFirstByte)
    : await readWhole(answer, onFirstByte);
}

function whatIsWrong({ statusCode, headers }: UpstreamAnswer, wantsStream: boolean): string {
  // Followed, a redirect would carry the provider's key to another origin; passed on, the client to a place not ours.
  if (statusCode >= 300) return `the provider redirects (${statusCode})`;
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') return `the answer is encoded (${encoding}) although nobody asked for it`;
  const isStream = String(headers['content-type'] ?? '')
    .toLowerCase()
    .startsWith('text/event-stream');
  if (isStream === wantsStream) return '';
  return isStream
    ? 'an event stream came where none was asked for'
    : 'no event stream came where one was asked for';
}

/** @returns the error to throw */
function abandon(body: Readable, why: string): GatewayError {
  // Destroyed before its end it emits an error; that we know.
  body.on('error', () => undefined).destroy();
  return new GatewayError('provider_invalid_answer', { cause: new Error(why) });
}

async function beginStream(answer: UpstreamAnswer, onFirstByte: () => void): Promise<BegunAnswer> {
  const watch = new StreamWatch();
  const first = await firstEvent(answer.body, watch);
  onFirstByte();
  if (watch.failed) throw abandon(answer.body, 'the stream began with an error event');
  if (first === undefined) throw abandon(answer.body, 'the stream ended without an event');
  const { statusCode, headers, body } = answer;
  return { kind: 'stream', statusCode, headers, facts: watch, watch, first, body };
}

async function readWhole(answer: UpstreamAnswer, onFirstByte: () => void): Promise<BegunAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    if (bytes === 0) onFirstByte();
    bytes += chunk.length;
    if (bytes > LARGEST_ANSWER) throw new GatewayError('upstream_too_large');
    chunks.push(chunk);
  }
  const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  const { statusCode, headers } = answer;
  if (statusCode >= 400) return { kind: 'whole', statusCode, headers, facts: undefined, body };
  const facts = factsOfAnswer(body);
  if (!facts) throw abandon(answer.body, 'the answer is not a completion: no JSON object, or an error');
  return { kind: 'whole', statusCode, headers, facts, body };
}
