import type { IncomingHttpHeaders } from 'node:http';
import type { Exchange } from '../contracts/exchange.ts';
import type { HeaderBag } from '../contracts/policy.ts';
import type { BreakerPass } from './breaker.ts';
import { failureBeforeAnswer } from './failure.ts';
import { RequestPass } from './request-pass.ts';
import { backoffMs, isWorthRetry, retryAfterMs } from './retry-rule.ts';
import type { CancelSignal } from './signal.ts';
import type { Target } from './target.ts';
import { type UpgradeAnswer, upgradeUpstream } from './tunnel.ts';
import type { Upstream } from './upstream.ts';

/** A WebSocket handshake as every attempt sends it. */
export interface Handshake {
  /** Path and query, without a target's base path. */
  path: string;
  /** Without `host` the target's own is sent. */
  headers: HeaderBag;
  signal: CancelSignal;
}

/**
 * Asks one target after the other to switch, as often as the upstream's retries allow: a handshake is a GET without a
 * body, so that it may be sent twice.
 * @returns the switch, or the last refusal
 * @throws what the last attempt failed with, or a GatewayError: there was no leave to make another
 */
export async function upgradeWithRetries(
  upstream: Upstream,
  { path, headers, signal }: Handshake,
  exchange: Exchange,
): Promise<UpgradeAnswer> {
  const { name, retry, resilience } = upstream;
  const tried = new Set<Target>();
  if (retry) resilience.retries.count();
  let leave: BreakerPass | undefined;
  let pass: BreakerPass | undefined;
  try {
    for (let attempts = 1; ; attempts++) {
      const entered = upstream.enter(exchange, tried, leave);
      const { target } = entered;
      leave = entered.pass;
      pass = new RequestPass(leave);
      const began = performance.now();
      const outcome = await upgradeUpstream({
        target,
        pass,
        path: target.basePath + path,
        headers: { ...headers, host: headers.host ?? target.host },
        signal,
        timeoutMs: upstream.timeouts.response,
      }).then(answered, failed);
      if (outcome.answer) exchange.upstreamMs = performance.now() - began;
      if (outcome.failure === undefined || signal.aborted || !retry || attempts >= retry.attempts)
        return resultOf(outcome);
      const asked = retryAfterMs(outcome.headers?.['retry-after'], Date.now());
      if (!isWorthRetry(retry, outcome.failure) || asked > retry.maxWait) return resultOf(outcome);
      if (resilience.retries.take(retry.budget) === undefined) {
        exchange.retryRefused = { upstream: name, reason: 'budget' };
        return resultOf(outcome);
      }
      const reason = String(outcome.failure);
      const endedMs = performance.now() - exchange.started;
      exchange.failedAttempts.push({ upstream: name, target: target.url, reason, isRetried: true, endedMs });
      exchange.upstreamMs = -1;
      tried.add(target);
      const isAnother = upstream.hasOther(tried);
      await pause(isAnother ? asked : Math.max(asked, backoffMs(attempts, Math.random())), signal);
      exchange.retries++;
    }
  } finally {
    // Of the last attempt, or of the one after which there was no other.
    pass?.counts();
  }
}

interface Outcome {
  /** Undefined: the protocol was switched. */
  failure: ReturnType<typeof failureBeforeAnswer> | number | undefined;
  answer?: UpgradeAnswer;
  error?: unknown;
  headers?: IncomingHttpHeaders;
}

const answered = (answer: UpgradeAnswer): Outcome => ({
  failure: answer.switched ? undefined : answer.statusCode,
  answer,
  headers: answer.headers,
});

const failed = (error: unknown): Outcome => ({ failure: failureBeforeAnswer(error), error });

function resultOf({ answer, error }: Outcome): UpgradeAnswer {
  if (answer) return answer;
  throw error;
}

/** @throws the signal's reason */
function pause(ms: number, signal: CancelSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.off('abort', onAbort);
      resolve();
    }, ms);
    signal.once('abort', onAbort);
  });
}
