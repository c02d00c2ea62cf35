import type { IncomingHttpHeaders } from 'node:http';
import type { Exchange } from '../contracts/exchange.ts';
import { type AnswerReceiver, Attempt } from './attempt.ts';
import { BeforeHead } from './before-head.ts';
import type { BreakerPass } from './breaker.ts';
import { droppedAnswer } from './dropped-answer.ts';
import { failureBeforeAnswer } from './failure.ts';
import { HeldAnswer } from './held-answer.ts';
import { RequestPass } from './request-pass.ts';
import {
  backoffMs,
  type ForwardedRequest,
  isWorthRetry,
  mayHedge,
  type RetryRefusal,
  repeatHarm,
  retryAfterMs,
} from './retry-rule.ts';
import type { CancelSignal } from './signal.ts';
import type { Target } from './target.ts';
import type { Upstream } from './upstream.ts';

/**
 * Brings a request to an upstream: through its breaker to one target after the other, as often as retries are worth it
 * and allowed, or to two at once. The receiver gets the one answer that counts, from its head on.
 */
export class Forwarding {
  readonly #upstream: Upstream;
  readonly #request: ForwardedRequest;
  readonly #exchange: Exchange;
  readonly #signal: CancelSignal;
  readonly #receiver: AnswerReceiver;
  /** Those that have no head yet: one, or two where one is a hedge. */
  #running: Attempt[] = [];
  #hedge: Attempt | undefined;
  /** A failure that one of two has answered with, while the other may do better. */
  #held: HeldAnswer | undefined;
  #tried: Set<Target> | undefined;
  /** The request's leave, which all its attempts share. */
  #leave: BreakerPass | undefined;
  #attempts = 0;
  #wasSent = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    upstream: Upstream,
    request: ForwardedRequest,
    exchange: Exchange,
    signal: CancelSignal,
    receiver: AnswerReceiver,
  ) {
    this.#upstream = upstream;
    this.#request = request;
    this.#exchange = exchange;
    this.#signal = signal;
    this.#receiver = receiver;
  }

  start(): void {
    const { retry, hedge, resilience } = this.#upstream;
    if (retry) resilience.retries.count();
    const refusal = this.#attempt();
    if (refusal) {
      this.#receiver.onFailure(refusal);
      return;
    }
    if (hedge === undefined || !mayHedge(this.#request)) return;
    resilience.hedges.count();
    if (this.#running.length > 0) this.#timer = setTimeout(() => this.#startHedge(), hedge.after);
  }

  /** Whether the request can still be sent elsewhere without harm. */
  get mayRepeat(): boolean {
    return repeatHarm(this.#request, this.#wasSent) === undefined;
  }

  /** @returns why no attempt could be made */
  #attempt(): Error | undefined {
    const upstream = this.#upstream;
    let entered: ReturnType<Upstream['enter']>;
    try {
      entered = upstream.enter(this.#exchange, this.#tried, this.#leave);
    } catch (error) {
      return error as Error;
    }
    const { target, pass } = entered;
    this.#leave = pass;
    this.#attempts++;
    const { method, path, headers, body } = this.#request;
    const attempt = new Attempt(
      {
        target,
        pass: upstream.retry || upstream.hedge ? new RequestPass(pass) : pass,
        method,
        path: target.basePath + path,
        // A connection of HTTP/1.1 names its host by itself, which is the target's.
        headers: headers.host === undefined && target.isHttp2 ? { ...headers, host: target.host } : headers,
        body,
        signal: this.#signal,
        headersTimeoutMs: upstream.timeouts.response,
        bodyTimeoutMs: upstream.timeouts.idle,
      },
      new Headless(this),
    );
    this.#running.push(attempt);
    attempt.start();
    return undefined;
  }

  #startHedge(): void {
    const { hedge, resilience } = this.#upstream;
    const first = this.#running[0];
    // Of probes there is one at a time.
    if (!hedge || !first || this.#leave?.isProbe) return;
    this.#tried = new Set([first.target]);
    if (!this.#upstream.hasOther(this.#tried) || resilience.hedges.take(hedge.budget) === undefined) return;
    const { breaker } = this.#exchange;
    if (this.#attempt()) {
      // It is the hedge that was refused, not the request.
      this.#exchange.breaker = breaker;
      return;
    }
    this.#hedge = this.#running[1];
    this.#exchange.hedge = 'lost';
  }

  onInterim(status: number, headers: IncomingHttpHeaders): void {
    this.#receiver.onInterim(status, headers);
  }

  onHead(attempt: Attempt, status: number, headers: IncomingHttpHeaders): void {
    this.#ended(attempt);
    if (this.#retries(attempt, status, headers['retry-after'])) {
      attempt.receiver = droppedAnswer(attempt);
      this.#dropHeld(true);
      return;
    }
    const isFailure = this.#isFailure(status);
    if (isFailure && this.#running.length > 0) {
      this.#held = new HeldAnswer(attempt, status, headers, () => {
        this.#held = undefined;
        this.#note(attempt, String(status), false);
      });
      return;
    }
    if (isFailure && this.#held && classOf(this.#held.status) <= classOf(status)) {
      attempt.receiver = droppedAnswer(attempt);
      this.#note(attempt, String(status), false);
      this.#giveHeld(this.#held);
      return;
    }
    for (const loser of this.#running) {
      loser.receiver = droppedAnswer(loser);
      loser.abort(new Error('another target was faster'));
    }
    this.#dropHeld(false);
    this.#decide(attempt);
    attempt.receiver = this.#receiver;
    this.#receiver.onHead(status, headers, attempt);
  }

  onFailure(attempt: Attempt, error: Error): void {
    this.#ended(attempt);
    const code = failureBeforeAnswer(error);
    if (!this.#signal.aborted && this.#retries(attempt, code, undefined)) {
      this.#dropHeld(true);
      return;
    }
    clearTimeout(this.#timer);
    // The other one of two may still answer, or has.
    const held = this.#signal.aborted ? undefined : this.#held;
    if (this.#running.length > 0 || held) this.#note(attempt, code, false);
    if (this.#running.length > 0) return;
    if (held) {
      this.#giveHeld(held);
      return;
    }
    attempt.counts();
    this.#receiver.onFailure(error);
  }

  /** An answer that another target may better. */
  #isFailure(status: number): boolean {
    const { retry } = this.#upstream;
    return status >= 500 || (retry !== undefined && isWorthRetry(retry, status));
  }

  #giveHeld(held: HeldAnswer): void {
    this.#held = undefined;
    this.#decide(held.attempt);
    held.giveTo(this.#receiver);
  }

  #dropHeld(isRetried: boolean): void {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    this.#note(held.attempt, String(held.status), isRetried);
    held.drop();
  }

  /** This one is the answer. */
  #decide(attempt: Attempt): void {
    clearTimeout(this.#timer);
    attempt.counts();
    this.#exchange.target = attempt.target.url;
    this.#exchange.upstreamMs = attempt.headMs;
    if (attempt === this.#hedge) this.#exchange.hedge = 'won';
  }

  #ended(attempt: Attempt): void {
    this.#running = this.#running.filter((each) => each !== attempt);
    this.#wasSent ||= attempt.wasSent;
  }

  /** Tries once more, if that is worth it, without harm, and within the budget. */
  #retries(
    failed: Attempt,
    failure: Parameters<typeof isWorthRetry>[1],
    retryAfter: string | undefined,
  ): boolean {
    const { retry, resilience } = this.#upstream;
    if (retry === undefined || this.#running.length > 0 || !isWorthRetry(retry, failure)) return false;
    const asked = retryAfterMs(retryAfter, Date.now());
    let refusal = repeatHarm(this.#request, this.#wasSent);
    if (this.#attempts >= retry.attempts) refusal = 'attempts';
    // Wants to be left alone for longer than anybody waits here: that is for the client to read.
    else if (asked > retry.maxWait) refusal ??= 'retry_after';
    else if (refusal === undefined && resilience.retries.take(retry.budget) === undefined) refusal = 'budget';
    if (refusal !== undefined) {
      this.#refuseRetry(refusal);
      return false;
    }
    clearTimeout(this.#timer);
    this.#note(failed, String(failure), true);
    this.#tried ??= new Set();
    this.#tried.add(failed.target);
    const isAnother = this.#upstream.hasOther(this.#tried);
    this.#tryAgainIn(failed, isAnother ? asked : Math.max(asked, backoffMs(this.#attempts, Math.random())));
    return true;
  }

  /** With one attempt in all there is nothing to refuse. */
  #refuseRetry(refusal: RetryRefusal): void {
    if (refusal !== 'attempts' || this.#attempts > 1)
      this.#exchange.retryRefused = { upstream: this.#upstream.name, reason: refusal };
  }

  #tryAgainIn(failed: Attempt, ms: number): void {
    const onAbort = (): void => {
      clearTimeout(this.#timer);
      this.#signal.off('abort', onAbort);
      failed.counts();
      this.#receiver.onFailure(this.#signal.reason as Error);
    };
    const again = (): void => {
      this.#signal.off('abort', onAbort);
      this.#exchange.retries++;
      const refusal = this.#attempt();
      if (refusal === undefined) return;
      failed.counts();
      this.#receiver.onFailure(refusal);
    };
    this.#signal.once('abort', onAbort);
    // Also without a pause not before the failed attempt has left the stack.
    this.#timer = setTimeout(again, ms);
  }

  #note(failed: Attempt, reason: string, isRetried: boolean): void {
    const { name } = this.#upstream;
    const endedMs = performance.now() - this.#exchange.started;
    this.#exchange.failedAttempts.push({
      upstream: name,
      target: failed.target.url,
      reason,
      isRetried,
      endedMs,
    });
  }
}

/** The first of two failures is as good as the second, unless that one is the client's. */
const classOf = (status: number): number => Math.floor(status / 100);

/** Tells the forwarding which of its attempts something is about. */
class Headless extends BeforeHead {
  readonly #forwarding: Forwarding;

  constructor(forwarding: Forwarding) {
    super();
    this.#forwarding = forwarding;
  }

  override onInterim(status: number, headers: IncomingHttpHeaders): void {
    this.#forwarding.onInterim(status, headers);
  }

  override onHead(status: number, headers: IncomingHttpHeaders, attempt: Attempt): void {
    this.#forwarding.onHead(attempt, status, headers);
  }

  override onFailure(error: Error, attempt: Attempt): void {
    this.#forwarding.onFailure(attempt, error);
  }
}
