import type { ServerResponse } from 'node:http';
import { GatewayError } from '../errors/gateway-error.ts';
import { renderErrorEvent } from '../errors/render.ts';
import type { ErrorCode } from '../errors/table.ts';
import { failureInAnswer } from '../upstream/failure.ts';
import { BROKEN_OFF } from './broken-off.ts';
import type { ChatCall, ChatRequest, CommittedAnswer } from './chat-call.ts';
import { commitTurn, saidIn } from './memory/end-turn.ts';
import { answerId, keptFields, replaceId, replaceKept } from './memory/own-id.ts';
import type { StreamWatch } from './watch.ts';

type Streamed = Extract<CommittedAnswer, { kind: 'stream' }>;

/**
 * Passes a stream on, watches it go by, and sees to its end: one that breaks ends with an error event, never in silence.
 * A client that reads slowly slows the upstream; one that leaves ends it.
 *
 * @returns when nothing more will be written
 */
export function passStream(call: ChatCall, answer: Streamed, response: ServerResponse): Promise<void> {
  const { body, watch, passage } = answer;
  const { turn, exchange, ownId } = call;
  const outlives = call.cancel !== exchange.cancel;
  const held: (Buffer | string)[] = [];
  const kept = ownId === undefined ? {} : keptFields(call.request as ChatRequest);
  const named = (bytes: Buffer | string): Buffer | string =>
    ownId === undefined
      ? bytes
      : replaceKept(replaceId(bytes, watch.turnTape?.id || `resp_${answerId(exchange)}`, ownId), kept);
  const goOn = (): void => {
    body.resume();
  };
  const pass = (chunk: Buffer): void => {
    const bytes = named(passage.pass(chunk));
    if (bytes.length === 0 || response.destroyed) return;
    // The last event waits until the turn is kept.
    if (turn && (watch.finishReason !== '' || watch.done)) {
      held.push(bytes);
      return;
    }
    // Another choice has begun behind one that was over.
    if (held.length > 0) for (const before of held.splice(0)) response.write(before);
    if (response.write(bytes)) return;
    body.pause();
    response.once('drain', goOn);
  };
  return new Promise((resolve) => {
    let isOver = false;
    const finish = (failure: ErrorCode | undefined, error?: unknown): void => {
      if (isOver) return;
      isOver = true;
      // Before a turn is kept, which takes its time: the body has closed by then, as well as one that has ended well.
      if (failure && BROKEN_OFF.has(failure) && !response.destroyed) answer.broke?.();
      if (!turn) {
        close(failure, error);
        return;
      }
      const said = saidIn(answer);
      const isHalf = failure !== undefined || watch.finishReason === '' || said.isCut;
      commitTurn(call, isHalf ? 'incomplete' : 'complete', said).then(
        () => close(failure, error),
        (refused: unknown) => {
          held.length = 0;
          close(refused instanceof GatewayError ? refused.code : 'internal', refused);
        },
      );
    };
    const close = (failure: ErrorCode | undefined, error?: unknown): void => {
      if (!response.destroyed) {
        if (failure) call.exchange.fail(failure, error);
        if (failure && passage.isMute && failure !== 'provider_stream_failed') {
          response.destroy();
          resolve();
          return;
        }
        const last = passage.last(failure, (message) => errorEvent(call, failure ?? 'internal', message));
        for (const bytes of [...held, named(last)]) if (bytes.length > 0) response.write(bytes);
      }
      const version = exchange.context?.version ?? -1;
      if (version >= 0) response.addTrailers({ 'x-context-version': String(version) });
      response.end();
      resolve();
    };
    const stop = (): void => {
      const { stopped } = passage;
      if (!stopped || isOver) return;
      call.exchange.fail(stopped.code, stopped.cause);
      finish(stopped.isSaid ? undefined : stopped.code, stopped.cause);
      body.destroy();
    };
    const onEnd = (): void => {
      watch.end();
      stop();
      finish(silentEnd(watch));
    };
    const onError = (error: unknown): void => finish(failureInAnswer(error), error);
    // Where the answer is heard to its end without its client, nobody is left to wait for.
    response.once('close', () => (outlives ? goOn() : body.destroy()));
    body.on('data', (chunk: Buffer) => {
      watch.see(chunk);
      pass(chunk);
      stop();
      if (watch.blind && passage.needsReading) body.destroy(new GatewayError('upstream_too_large'));
    });
    body.once('end', onEnd);
    body.once('error', onError);
    pass(answer.first);
    stop();
    // The client may have left, or the answer been over, before anybody here could listen.
    if (response.destroyed && !outlives) body.destroy();
    if (body.errored) onError(body.errored);
    else if (body.readableEnded) onEnd();
    // The first event was read with `readable`, which stops a stream from flowing by itself.
    else if (!response.writableNeedDrain) goOn();
  });
}

/** A stream that just ends has not ended well unless it said so. */
function silentEnd(watch: StreamWatch): ErrorCode | undefined {
  if (watch.blind) return undefined;
  if (watch.failed) return 'provider_stream_failed';
  if (watch.finishReason !== '') return undefined;
  return watch.done ? 'provider_finish_missing' : 'upstream_truncated';
}

function errorEvent({ exchange }: ChatCall, code: ErrorCode, message: string | undefined): string {
  const error = new GatewayError(code);
  const { statusCode, param } = error;
  const facts = { statusCode, code, param, message: message ?? error.message };
  return renderErrorEvent(facts, exchange.shape, exchange.id);
}
