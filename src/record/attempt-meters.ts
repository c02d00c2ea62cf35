import type { Exchange } from '../contracts/exchange.ts';
import type { CappedLabels } from '../lib/capped-labels.ts';
import { Counter, DURATION_BUCKETS, Histogram, type Registry } from '../telemetry/metrics.ts';
import { targetLabel } from './target-label.ts';

/** Labels that other meters cap too. */
interface Labels {
  readonly upstreams: CappedLabels;
  readonly reasons: CappedLabels;
}

/** What requests asked of upstreams' targets: each attempt, and what was tried again, or beside it. */
export class AttemptMeters {
  readonly #duration;
  readonly #requests;
  readonly #retries;
  readonly #refused;
  readonly #hedges;
  readonly #targets: CappedLabels;
  readonly #labels: Labels;

  constructor(registry: Registry, labels: Labels, targets: CappedLabels) {
    this.#labels = labels;
    this.#targets = targets;
    const registers = [registry];
    this.#duration = new Histogram({
      name: 'gateway_upstream_duration_seconds',
      help: 'Time of the attempt that answered, from its start, waiting for a connection included, to the head of its answer.',
      labelNames: ['route', 'upstream'],
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.#requests = new Counter({
      name: 'gateway_upstream_requests_total',
      help: 'Requests sent to an upstream’s targets, by what came of them: a status class, or why there was no status.',
      labelNames: ['upstream', 'target', 'outcome'],
      registers,
    });
    this.#retries = new Counter({
      name: 'gateway_retries_total',
      help: 'Attempts at an upstream that were made because one before them had failed, by why it had.',
      labelNames: ['upstream', 'reason'],
      registers,
    });
    this.#refused = new Counter({
      name: 'gateway_retries_refused_total',
      help: 'Requests whose last failure was worth a retry that was not made, by why: not_idempotent, body_streamed, attempts, retry_after, budget.',
      labelNames: ['upstream', 'reason'],
      registers,
    });
    this.#hedges = new Counter({
      name: 'gateway_hedges_total',
      help: 'Attempts that were made beside a slow one, by whether they answered first.',
      labelNames: ['upstream', 'outcome'],
      registers,
    });
  }

  /** @param route as other metrics have it */
  observe(exchange: Exchange, route: string, statusClass: string): void {
    if (exchange.upstreamMs >= 0)
      this.#duration.add(exchange.upstreamMs / 1000, route, this.#labels.upstreams.value(exchange.upstream));
    if (exchange.retryRefused !== null) this.#refused.inc(exchange.retryRefused);
    if (exchange.hedge !== '') this.#hedges.inc({ upstream: exchange.upstream, outcome: exchange.hedge });
    for (const { upstream, target, reason, isRetried } of exchange.failedAttempts) {
      if (isRetried) this.#retries.inc({ upstream, reason: this.#labels.reasons.value(reason) });
      this.#requests.inc({
        upstream,
        target: this.#targets.value(targetLabel(exchange, target)),
        outcome: this.#labels.reasons.value(outcomeOf(reason)),
      });
    }
    if (exchange.attempts > exchange.failedAttempts.length) {
      const { upstream, target } = exchange;
      const label = this.#targets.value(targetLabel(exchange, target));
      this.#requests.add(1, upstream, label, upstreamOutcome(exchange, statusClass));
    }
  }
}

/** A failed attempt's reason: a status is told by its class, as everywhere. */
const outcomeOf = (reason: string): string => (/^[1-5]\d\d$/.test(reason) ? `${reason[0]}xx` : reason);

/** A failure between gateway and upstream is not an answer of the upstream. */
function upstreamOutcome(exchange: Exchange, statusClass: string): string {
  return exchange.reason === 'ok' || exchange.reason === 'upstream_4xx' || exchange.reason === 'upstream_5xx'
    ? statusClass
    : exchange.reason;
}
