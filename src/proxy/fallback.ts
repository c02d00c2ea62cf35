import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../errors/gateway-error.ts';
import type { LiveExchange } from '../record/exchange.ts';
import type { AnswerReceiver, Attempt } from '../upstream/attempt.ts';
import { BeforeHead } from '../upstream/before-head.ts';
import { droppedAnswer } from '../upstream/dropped-answer.ts';
import { failureBeforeAnswer } from '../upstream/failure.ts';
import { Forwarding } from '../upstream/forwarding.ts';
import type { ForwardedRequest } from '../upstream/retry-rule.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { headersForOther } from './host-header.ts';
import type { PassedAnswer } from './pass-answer.ts';
import { passStatic, type StaticAnswer } from './static-answer.ts';

/** What was not asked of an upstream, so that none has failed: the client wanted a kept answer, and there is none. */
const NO_FAILURE: ReadonlySet<string> = new Set(['cache_only_missing']);

/** What stands in for an upstream that fails: another upstream, then an answer of the config's. */
export interface Fallback {
  /** Statuses of the upstream that are failures; that it gives no answer always is one. */
  on: readonly number[];
  upstream: Upstream | undefined;
  answer: StaticAnswer | undefined;
}

/**
 * Sends a request to an upstream and, where that fails and it does no harm, to the one that stands in for it.
 * @param receiver gets the answer that counts
 */
export function forwardWithFallback(
  upstream: Upstream,
  fallback: Fallback | undefined,
  request: ForwardedRequest,
  exchange: LiveExchange,
  receiver: AnswerReceiver,
): void {
  const other = fallback?.upstream;
  // The part of a split that stands in for the others has failed itself: it has made its retries.
  if (other === undefined || other === upstream) {
    new Forwarding(upstream, request, exchange, exchange.cancel, receiver).start();
    return;
  }
  const first: Forwarding = new Forwarding(
    upstream,
    request,
    exchange,
    exchange.cancel,
    new StandIn(fallback?.on ?? [], exchange, receiver, (reason) => {
      if (!first.mayRepeat) {
        exchange.unusedFallback = 'not_repeatable';
        return false;
      }
      noteFailure(exchange, reason);
      exchange.fallback = other.name;
      const headers = headersForOther(request.headers, upstream, other, exchange);
      new Forwarding(other, { ...request, headers }, exchange, exchange.cancel, receiver).start();
      return true;
    }),
  );
  first.start();
}

/** A receiver that answers from the config where the upstream fails. */
export function orStaticAnswer(
  fallback: Fallback,
  exchange: LiveExchange,
  receiver: PassedAnswer,
): AnswerReceiver {
  if (fallback.answer === undefined) return receiver;
  return new StandIn(fallback.on, exchange, receiver, (reason, error) =>
    standIn(fallback, exchange, receiver, reason, error),
  );
}

/**
 * Answers from the config, if it has an answer.
 * @param reason a code of the error table, or the status that was answered
 * @returns whether it has
 */
export function standIn(
  { answer }: Fallback,
  exchange: LiveExchange,
  receiver: PassedAnswer,
  reason: string,
  error?: Error,
): boolean {
  if (answer === undefined || NO_FAILURE.has(reason)) return false;
  if (error) exchange.fail(failureBeforeAnswer(error), causeOf(error));
  else exchange.reason ||= 'upstream_5xx';
  noteFailure(exchange, reason);
  passStatic(answer, exchange, receiver);
  return true;
}

/** Whether a fallback is for this answer. One that is a failure all the same is noted: it was not thought of. */
export function isFor(on: readonly number[], status: number, exchange: LiveExchange): boolean {
  if (on.includes(status)) return true;
  if (status >= 500) exchange.unusedFallback = 'status';
  return false;
}

const causeOf = (error: Error): unknown => (error instanceof GatewayError ? error.cause : error);

/** Among the attempts that failed, unless none was made: a breaker was open, say. */
export function noteFailure(exchange: LiveExchange, reason: string): void {
  const { upstream, target, attempts, failedAttempts, started } = exchange;
  if (attempts > failedAttempts.length)
    failedAttempts.push({ upstream, target, reason, endedMs: performance.now() - started });
}

/** Looks at what comes of a request before the client does. */
class StandIn extends BeforeHead {
  readonly #on: readonly number[];
  readonly #exchange: LiveExchange;
  readonly #receiver: AnswerReceiver;
  /** @returns false if nothing can stand in */
  readonly #standIn: (reason: string, error?: Error) => boolean;

  constructor(
    on: readonly number[],
    exchange: LiveExchange,
    receiver: AnswerReceiver,
    standIn: (reason: string, error?: Error) => boolean,
  ) {
    super();
    this.#on = on;
    this.#exchange = exchange;
    this.#receiver = receiver;
    this.#standIn = standIn;
  }

  override onInterim(status: number, headers: IncomingHttpHeaders): void {
    this.#receiver.onInterim(status, headers);
  }

  override onHead(status: number, headers: IncomingHttpHeaders, attempt: Attempt): void {
    if (isFor(this.#on, status, this.#exchange) && this.#standIn(String(status))) {
      attempt.receiver = droppedAnswer(attempt);
      return;
    }
    attempt.receiver = this.#receiver;
    this.#receiver.onHead(status, headers, attempt);
  }

  override onFailure(error: Error): void {
    // Ended by the client or by the gateway: that is no failure of the upstream.
    if (this.#exchange.cancel.aborted || !this.#standIn(failureBeforeAnswer(error), error))
      this.#receiver.onFailure(error);
  }
}
