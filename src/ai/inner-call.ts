import type { IncomingHttpHeaders } from 'node:http';
import type { AnyFormat } from '../contracts/format.ts';
import type { JsonObject } from '../contracts/model-request.ts';
import type { StreamPart } from '../contracts/stream-part.ts';
import type { AnswerFacts } from '../contracts/usage.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { LiveExchange } from '../record/exchange.ts';
import { sessionOf } from './asking.ts';
import type { CallBudgets } from './budgets/call-budgets.ts';
import { type ChatCall, type ChatRequest, newCall } from './chat-call.ts';

/** A question of the gateway's own, on behalf of a call. */
export interface InnerQuestion {
  /** For the record. */
  readonly purpose: Exclude<LiveExchange['purpose'], ''>;
  readonly format: AnyFormat;
  /** Of a request that isn't streamed; its `model` is one of the config. */
  readonly body: JsonObject;
  /** The client's, of a body that is its own as well; absent: none. */
  readonly headers?: IncomingHttpHeaders;
  /** Milliseconds for all of it. */
  readonly timeout: number;
  /** It goes on when the call's client leaves. */
  readonly outlives?: boolean;
  /** Ends it: the gateway stops. */
  readonly signal?: AbortSignal;
  /** In place of the budgets that the call falls under. */
  readonly budgets?: CallBudgets;
  /** It has its figures when this is called, however it ended. */
  onRecorded?(exchange: LiveExchange): void;
}

export interface InnerAnswer {
  readonly parts: readonly StreamPart[];
  readonly facts: AnswerFacts;
}

/** @throws GatewayError if there was no answer, or one that says no */
export type AskInside = (call: ChatCall, question: InnerQuestion) => Promise<InnerAnswer>;

type Stage = (call: ChatCall) => void | Promise<void>;

/**
 * Asks a model the way that a client's call goes, but for what concerns clients: the budgets of its consumer, its user and
 * its session, the model's retries, fallbacks and rests, the ledger and the metrics hold for it.
 *
 * @param read the stage that fills `request`
 * @param stages that such a call passes then
 */
export const innerCalls =
  (read: Stage, stages: readonly Stage[]): AskInside =>
  async (
    outer,
    { purpose, format, body, headers, timeout, outlives = false, signal, budgets, onRecorded },
  ) => {
    const { catalog, policies, ports } = outer;
    const { clock, recorder } = ports;
    const now = { wall: clock.wall(), monotonic: clock.monotonic() };
    const exchange = outer.exchange.inner(purpose, format.path, now);
    const call = newCall({
      catalog,
      policies,
      ports,
      budgets: budgets ?? outer.budgets,
      format,
      exchange,
      reply: undefined,
      bytes: Buffer.from(JSON.stringify(body)),
      ...(headers && { headers }),
    });
    const follow = (): void => exchange.cancel.abort(outer.exchange.cancel.reason as Error);
    if (!outlives) {
      if (outer.exchange.cancel.aborted) follow();
      outer.exchange.cancel.once('abort', follow);
    }
    const stop = (): void => exchange.cancel.abort(new GatewayError('draining'));
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop);
    const slow = new GatewayError('upstream_timeout', { cause: new Error('no answer in time') });
    const timer = setTimeout(() => exchange.cancel.abort(slow), timeout);
    let status = 200;
    try {
      await read(call);
      if (call.request && outer.request)
        call.request = onBehalfOf(outer.exchange, outer.request, call.request);
      for (const stage of stages) await stage(call);
      // A provider's refusal is recorded as what it is.
      status = call.answer?.statusCode ?? status;
    } catch (error) {
      const failure = error instanceof GatewayError ? error : new GatewayError('internal', { cause: error });
      exchange.failWith(failure);
      status = failure.statusCode;
      throw failure;
    } finally {
      clearTimeout(timer);
      outer.exchange.cancel.off('abort', follow);
      signal?.removeEventListener('abort', stop);
      const counts = { status, complete: true, bytesIn: call.bytes.length, bytesOut: 0 };
      const ended = exchange.end({ ...counts, monotonic: clock.monotonic() });
      recorder.record(exchange, ended instanceof Promise ? ended : undefined);
      if (onRecorded) void Promise.resolve(ended).then(() => onRecorded(exchange));
    }
    return answerOf(call);
  };

/** A question of the gateway's own names nobody, and the body of a client's as it is sent to a provider no tags. */
const onBehalfOf = (exchange: LiveExchange, outer: ChatRequest, asked: ChatRequest): ChatRequest => ({
  ...asked,
  user: outer.user,
  tags: outer.tags,
  session: sessionOf(exchange, outer),
});

function answerOf({ answer }: ChatCall): InnerAnswer {
  if (answer?.kind === 'whole' && answer.facts) return { parts: answer.parts, facts: answer.facts };
  const cause = new Error(`the provider answered ${answer?.statusCode}`);
  throw new GatewayError('provider_invalid_answer', { cause });
}
