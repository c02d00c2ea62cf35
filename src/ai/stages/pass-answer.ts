import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { GatewayError } from '../../errors/gateway-error.ts';
import { openaiErrorObject } from '../../errors/render.ts';
import type { ErrorCode } from '../../errors/table.ts';
import { endOfLastEvent } from '../../lib/event-boundary.ts';
import { failureInAnswer } from '../../upstream/failure.ts';
import { responseHeaders } from '../../upstream/message-headers.ts';
import type { ChatCall, CommittedAnswer } from '../chat-call.ts';
import { factsOfAnswer, StreamWatch } from '../watch.ts';

type Streamed = Extract<CommittedAnswer, { kind: 'stream' }>;

/** Bytes of an event that is not complete yet. A longer one goes on as it comes. */
const LARGEST_EVENT = 1024 * 1024;

/** Passes the answer on as the bytes that came, and watches it go by. */
export async function passAnswer(call: ChatCall): Promise<void> {
  const answer = call.answer as CommittedAnswer;
  const { exchange, reply } = call;
  noteFirstToken(call);
  const headers = responseHeaders(answer.headers, exchange);
  headers['x-gateway-target'] = exchange.target;
  headers['x-gateway-attempts'] = String(exchange.attempts);
  call.policies.responseHeaders(headers, exchange);
  if (answer.kind === 'whole') {
    if (answer.statusCode < 300) call.facts = factsOfAnswer(answer.body);
    headers['content-length'] = answer.body.length;
    reply.code(answer.statusCode).headers(headers).send(answer.body);
    return;
  }
  for (const name of ['ratelimit', 'ratelimit-policy']) headers[name] ??= reply.getHeader(name);
  delete headers['content-length'];
  reply.hijack();
  reply.raw.writeHead(answer.statusCode, definedOnly(headers));
  await passStream(call, answer, reply.raw);
}

function noteFirstToken(call: ChatCall): void {
  const facts = call.exchange.ai;
  if (facts) facts.firstTokenMs = call.ports.clock.monotonic() - call.exchange.started;
}

function definedOnly(headers: Record<string, unknown>): OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(([, value]) => value !== undefined),
  ) as OutgoingHttpHeaders;
}

/**
 * Only whole events are passed on: an upstream that dies in the middle of one leaves nothing half said, and what
 * follows it can be an error event that the client understands.
 */
function passStream(call: ChatCall, answer: Streamed, response: ServerResponse): Promise<void> {
  const watch = new StreamWatch();
  call.facts = watch.facts;
  let held: Buffer = Buffer.alloc(0);
  const pass = (chunk: Buffer): void => {
    watch.see(chunk);
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const end = bytes.length > LARGEST_EVENT ? bytes.length : endOfLastEvent(bytes);
    held = bytes.subarray(end);
    if (end === 0 || response.destroyed) return;
    if (!response.write(end === bytes.length ? bytes : bytes.subarray(0, end))) {
      answer.body.pause();
      response.once('drain', () => answer.body.resume());
    }
  };
  return new Promise((resolve) => {
    const finish = (failure: ErrorCode | undefined, cause?: unknown): void => {
      if (failure && !response.destroyed) {
        call.exchange.fail(failure, cause);
        response.write(errorEvent(call, failure));
      } else if (held.length > 0 && !response.destroyed) {
        response.write(held);
      }
      response.end();
      resolve();
    };
    response.once('close', () => answer.body.destroy());
    answer.body.on('data', pass);
    answer.body.once('end', () => finish(silentEnd(watch)));
    answer.body.once('error', (error) => finish(failureOf(error), error));
    pass(answer.first);
    // A short answer was over with its first bytes, before anybody here could listen.
    if (answer.body.errored) finish(failureOf(answer.body.errored), answer.body.errored);
    else if (answer.body.readableEnded) finish(silentEnd(watch));
    // Those were read with `readable`, which stops a stream from flowing by itself.
    else if (!response.writableNeedDrain) answer.body.resume();
  });
}

/** A stream that just ends has not ended well unless it said so. */
function silentEnd(watch: StreamWatch): ErrorCode | undefined {
  if (watch.failed) return 'provider_stream_failed';
  return watch.facts.finishReason === '' && !watch.done ? 'upstream_truncated' : undefined;
}

function failureOf(error: unknown): ErrorCode {
  return error instanceof GatewayError ? 'upstream_stalled' : failureInAnswer(error);
}

function errorEvent(call: ChatCall, code: ErrorCode): string {
  const error = openaiErrorObject(new GatewayError(code), call.exchange.id);
  return `data: ${JSON.stringify({ error })}\n\n`;
}
