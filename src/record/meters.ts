import type { AiFacts, ContractBreach, Exchange, McpFacts } from '../contracts/exchange.ts';
import { CappedLabels } from '../lib/capped-labels.ts';
import {
  AI_DURATION_BUCKETS,
  Counter,
  DURATION_BUCKETS,
  Gauge,
  Histogram,
  MCP_DURATION_BUCKETS,
  type Registry,
  TIME_PER_TOKEN_BUCKETS,
  TOKEN_BUCKETS,
} from '../telemetry/metrics.ts';
import { effectiveStatus } from './effective-status.ts';

/** Most distinct values of one label. Beyond it values are `__other`. */
const CAP = 1000;
/** OpenTelemetry: what isn't a method of the standards is `_OTHER`. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE']);

/** Something that runs out, at milliseconds since the epoch. */
interface Expiring {
  readonly name: string;
  readonly expiresAt: number;
}

const seconds = (milliseconds: number): number => milliseconds / 1000;

/** The metrics of `design.md` that this version fills. Names and labels are an interface: dashboards stand on them. */
export class Meters {
  readonly requestDuration;
  readonly requests;
  readonly grpcRequests;
  readonly upstreamDuration;
  readonly upstreamRequests;
  readonly splits;
  readonly mirrored;
  readonly retries;
  readonly retriesRefused;
  readonly hedges;
  readonly rateLimited;
  readonly shed;
  readonly fallbacks;
  readonly aiDuration;
  readonly aiTokens;
  readonly aiFirstToken;
  readonly aiTimePerToken;
  readonly aiConfidence;
  readonly aiOutcomes;
  readonly aiPrompts;
  readonly aiCost;
  readonly aiSaved;
  readonly aiUnpriced;
  readonly mcpDuration;
  readonly inFlight;
  readonly revision;
  readonly reloads;
  readonly generations;
  readonly degraded;
  readonly budgetUsed;
  readonly budgetRefused;
  readonly budgetSettlementsLost;
  readonly ledgerRowsLost;
  readonly stateChanges;
  readonly cacheRequests;
  readonly schemaViolations;
  readonly contractDrift;
  readonly guards;
  readonly deprecatedRequests;
  readonly #handshakeFailures;
  readonly #certificates: { all: readonly Expiring[] } = { all: [] };
  readonly #targets = new CappedLabels(CAP);
  readonly #routes = new CappedLabels(CAP);
  readonly #upstreams = new CappedLabels(CAP);
  readonly #consumers = new CappedLabels(CAP);
  readonly #models = new CappedLabels(CAP);
  readonly #reasons = new CappedLabels(CAP);
  readonly #tools = new CappedLabels(CAP);

  constructor(registry: Registry) {
    const registers = [registry];
    this.requestDuration = new Histogram({
      name: 'http_server_request_duration_seconds',
      help: 'Time from a request’s first byte to the last byte of its answer.',
      labelNames: ['http_route', 'http_request_method', 'http_response_status_code'],
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.requests = new Counter({
      name: 'gateway_requests_total',
      help: 'Requests by route and by why they ended as they did.',
      labelNames: ['route', 'version', 'method', 'status_class', 'reason'],
      registers,
    });
    this.grpcRequests = new Counter({
      name: 'gateway_grpc_requests_total',
      help: 'Calls of gRPC by the status that ended them (0 = OK, 14 = UNAVAILABLE); status_class elsewhere is what it is in HTTP.',
      labelNames: ['route', 'upstream', 'grpc_status'],
      registers,
    });
    this.upstreamDuration = new Histogram({
      name: 'gateway_upstream_duration_seconds',
      help: 'Time of the attempt that answered, from its start, waiting for a connection included, to the head of its answer.',
      labelNames: ['route', 'upstream'],
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.upstreamRequests = new Counter({
      name: 'gateway_upstream_requests_total',
      help: 'Requests sent to an upstream’s targets, by what came of them: a status class, or why there was no status.',
      labelNames: ['upstream', 'target', 'outcome'],
      registers,
    });
    this.splits = new Counter({
      name: 'gateway_split_requests_total',
      help: 'Requests of routes with a split, by the upstream that it chose.',
      labelNames: ['route', 'variant', 'status_class'],
      registers,
    });
    this.mirrored = new Counter({
      name: 'gateway_mirrored_requests_total',
      help: 'Requests picked to be copied to a shadow upstream: the status class of its answer, why there was none, or why there was no copy.',
      labelNames: ['route', 'upstream', 'outcome'],
      registers,
    });
    this.retries = new Counter({
      name: 'gateway_retries_total',
      help: 'Attempts at an upstream that were made because one before them had failed, by why it had.',
      labelNames: ['upstream', 'reason'],
      registers,
    });
    this.retriesRefused = new Counter({
      name: 'gateway_retries_refused_total',
      help: 'Requests whose last failure was worth a retry that was not made, by why: not_idempotent, body_streamed, attempts, retry_after, budget.',
      labelNames: ['upstream', 'reason'],
      registers,
    });
    this.hedges = new Counter({
      name: 'gateway_hedges_total',
      help: 'Attempts that were made beside a slow one, by whether they answered first.',
      labelNames: ['upstream', 'outcome'],
      registers,
    });
    this.rateLimited = new Counter({
      name: 'gateway_rate_limited_total',
      help: 'Requests answered 429 by a rate limit of the gateway.',
      labelNames: ['route', 'consumer'],
      registers,
    });
    this.shed = new Counter({
      name: 'gateway_shed_requests_total',
      help: 'Requests refused because there was more to do than could be done, by why: the gateway’s limits or the route’s.',
      labelNames: ['route', 'priority', 'reason'],
      registers,
    });
    this.fallbacks = new Counter({
      name: 'gateway_fallbacks_total',
      help: 'Requests answered by a fallback.',
      labelNames: ['route', 'fallback'],
      registers,
    });
    const ai = ['gen_ai_request_model', 'gen_ai_provider_name'] as const;
    this.aiDuration = new Histogram({
      name: 'gen_ai_client_operation_duration_seconds',
      help: 'Time of a call to a model, from the request’s first byte to the answer’s last.',
      labelNames: [...ai, 'gen_ai_operation_name', 'error_type'],
      buckets: AI_DURATION_BUCKETS,
      registers,
    });
    this.aiTokens = new Histogram({
      name: 'gen_ai_client_token_usage',
      help: 'Tokens of a call.',
      labelNames: [...ai, 'gen_ai_token_type', 'usage_source'],
      buckets: TOKEN_BUCKETS,
      registers,
    });
    this.aiFirstToken = new Histogram({
      name: 'gen_ai_server_time_to_first_token_seconds',
      help: 'Time from the request’s first byte to the first byte of the answer’s body.',
      labelNames: [...ai],
      buckets: AI_DURATION_BUCKETS,
      registers,
    });
    this.aiTimePerToken = new Histogram({
      name: 'gen_ai_server_time_per_output_token_seconds',
      help: 'Time an output token after the first, of streams.',
      labelNames: [...ai],
      buckets: TIME_PER_TOKEN_BUCKETS,
      registers,
    });
    this.aiConfidence = new Histogram({
      name: 'gateway_ai_confidence',
      help: 'Mean probability (geometric) of an answer’s tokens, where logprobs were asked for.',
      labelNames: [...ai],
      buckets: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1],
      registers,
    });
    this.aiOutcomes = new Counter({
      name: 'gateway_ai_outcomes_total',
      help: 'Calls to models by how they ended, each in exactly one way.',
      labelNames: ['model', 'provider', 'outcome'],
      registers,
    });
    this.aiPrompts = new Counter({
      name: 'gateway_ai_prompt_calls_total',
      help: 'Calls of prompts by version and by how they ended.',
      labelNames: ['prompt', 'version', 'outcome'],
      registers,
    });
    this.aiCost = new Counter({
      name: 'gateway_ai_cost_usd_total',
      help: 'What calls to models cost, in US dollars.',
      labelNames: ['model', 'provider', 'consumer'],
      registers,
    });
    this.aiSaved = new Counter({
      name: 'gateway_ai_cache_saved_usd_total',
      help: 'What answers from the cache had cost when they were made, in US dollars.',
      labelNames: ['model'],
      registers,
    });
    this.aiUnpriced = new Counter({
      name: 'gateway_ai_unpriced_calls_total',
      help: 'Calls whose cost is not known: no price for the model. Add it under ai.prices.',
      labelNames: ['model', 'provider'],
      registers,
    });
    this.mcpDuration = new Histogram({
      name: 'mcp_server_operation_duration_seconds',
      help: 'Time of a message to an MCP server, from the request’s first byte to the answer’s last.',
      labelNames: ['mcp_method_name', 'mcp_server', 'gen_ai_tool_name', 'outcome'],
      buckets: MCP_DURATION_BUCKETS,
      registers,
    });
    this.inFlight = new Gauge({
      name: 'gateway_requests_in_flight',
      help: 'Requests that run now.',
      registers,
    });
    this.revision = new Gauge({
      name: 'gateway_config_revision',
      help: 'Number of the config revision that serves.',
      aggregator: 'max',
      registers,
    });
    this.reloads = new Counter({
      name: 'gateway_config_reloads_total',
      help: 'Attempts to apply a config revision.',
      labelNames: ['outcome'],
      registers,
    });
    this.generations = new Gauge({
      name: 'gateway_generations',
      help: 'Generations alive: the one that serves and those that still drain.',
      aggregator: 'max',
      registers,
    });
    this.degraded = new Counter({
      name: 'gateway_policy_degraded_total',
      help: 'Times that a policy could not do its work (its store was down, say) and what it did instead.',
      labelNames: ['policy', 'what'],
      registers,
    });
    this.schemaViolations = new Counter({
      name: 'gateway_schema_violations_total',
      help: 'Bodies that broke the schema of their route, refused or reported.',
      labelNames: ['route', 'direction'],
      registers,
    });
    this.contractDrift = new Counter({
      name: 'gateway_contract_drift_total',
      help: 'Requests and answers that the route’s contract does not name: a method, query parameter, status or type.',
      labelNames: ['route', 'what'],
      registers,
    });
    this.guards = new Counter({
      name: 'gateway_guard_total',
      help: 'What guards of models did, once a call for each of their rules.',
      labelNames: ['guard', 'action', 'direction'],
      registers,
    });
    this.deprecatedRequests = new Counter({
      name: 'gateway_deprecated_requests_total',
      help: 'Requests to deprecated routes, by who still sends them.',
      labelNames: ['route', 'version', 'consumer'],
      registers,
    });
    this.budgetUsed = new Gauge({
      name: 'gateway_budget_used_ratio',
      help: 'Share of a budget that is spent or reserved, as last seen: 1 = all of it.',
      labelNames: ['budget', 'scope', 'unit', 'subject'],
      aggregator: 'max',
      registers,
    });
    this.budgetRefused = new Counter({
      name: 'gateway_budget_refused_total',
      help: 'Calls refused because a budget was spent.',
      labelNames: ['budget', 'scope'],
      registers,
    });
    this.budgetSettlementsLost = new Counter({
      name: 'gateway_budget_settlements_lost_total',
      help: 'Calls that were never charged to their budgets: the store was away for too long.',
      registers,
    });
    this.ledgerRowsLost = new Counter({
      name: 'gateway_ledger_rows_lost_total',
      help: 'Calls that are missing in the ledger: the store was away for too long.',
      registers,
    });
    this.cacheRequests = new Counter({
      name: 'gateway_cache_requests_total',
      help: 'Requests on routes with a response cache, by what it did for them.',
      labelNames: ['route', 'outcome'],
      registers,
    });
    this.stateChanges = new Counter({
      name: 'gateway_state_changes_total',
      help: 'Changes of state: targets, breakers, keys, certificates, revisions and the like.',
      labelNames: ['kind'],
      registers,
    });
    this.#handshakeFailures = new Counter({
      name: 'gateway_tls_handshake_failures_total',
      help: 'Connections that did not get through the TLS handshake, by OpenSSL’s or Node’s code.',
      labelNames: ['reason'],
      registers,
    });
    const certificates = this.#certificates;
    new Gauge({
      name: 'gateway_certificate_expiry_seconds',
      help: 'Seconds until a certificate of the public listener runs out; below 0 since it has.',
      labelNames: ['name'],
      aggregator: 'min',
      registers,
      collect() {
        this.reset();
        for (const { name, expiresAt } of certificates.all)
          this.set({ name }, seconds(expiresAt - Date.now()));
      },
    });
  }

  handshakeFailed(code: string): void {
    this.#handshakeFailures.inc({ reason: this.#reasons.value(code) });
  }

  /** The certificates that serve, from now on. */
  useCertificates(all: readonly Expiring[]): void {
    this.#certificates.all = all;
  }

  observe(exchange: Exchange): void {
    const route = this.#routes.value(exchange.route);
    const method = METHODS.has(exchange.method) ? exchange.method : '_OTHER';
    const statusClass = statusClassOf(effectiveStatus(exchange));
    // What the gateway asks by itself is no request of anybody's.
    if (exchange.purpose === '') {
      this.requestDuration.observe(
        {
          http_route: route,
          http_request_method: method,
          http_response_status_code: statusOf(exchange.status),
        },
        seconds(exchange.durationMs),
      );
      this.requests.inc({
        route,
        version: exchange.routeVersion,
        method,
        status_class: statusClass,
        reason: this.#reasons.value(exchange.reason),
      });
      if (exchange.grpcStatus >= 0) {
        const grpc_status = exchange.grpcStatus <= LAST_GRPC_STATUS ? String(exchange.grpcStatus) : '_OTHER';
        this.grpcRequests.inc({ route, upstream: this.#upstreams.value(exchange.upstream), grpc_status });
      }
    }
    if (exchange.upstreamMs >= 0)
      this.upstreamDuration.observe(
        { route, upstream: this.#upstreams.value(exchange.upstream) },
        seconds(exchange.upstreamMs),
      );
    if (exchange.retryRefused !== null) this.retriesRefused.inc(exchange.retryRefused);
    if (exchange.hedge !== '') this.hedges.inc({ upstream: exchange.upstream, outcome: exchange.hedge });
    for (const { upstream, target, reason, isRetried } of exchange.failedAttempts) {
      if (isRetried) this.retries.inc({ upstream, reason: this.#reasons.value(reason) });
      this.upstreamRequests.inc({
        upstream,
        target: this.#targets.value(target),
        outcome: this.#reasons.value(outcomeOf(reason)),
      });
    }
    if (exchange.attempts > exchange.failedAttempts.length) {
      const { upstream, target } = exchange;
      this.upstreamRequests.inc({
        upstream,
        target: this.#targets.value(target),
        outcome: upstreamOutcome(exchange, statusClass),
      });
    }
    if (exchange.variant !== '')
      this.splits.inc({ route, variant: exchange.variant, status_class: statusClass });
    if (exchange.reason === 'rate_limited') {
      this.rateLimited.inc({ route, consumer: this.#consumers.value(exchange.consumer) });
    }
    if (exchange.priority !== '') {
      const { priority, reason } = exchange;
      this.shed.inc({ route, priority, reason });
    }
    if (exchange.cache !== '') this.cacheRequests.inc({ route, outcome: exchange.cache });
    if (exchange.fallback !== '')
      this.fallbacks.inc({ route, fallback: this.#models.value(exchange.fallback) });
    if (exchange.deprecated) {
      const consumer = this.#consumers.value(exchange.consumer);
      this.deprecatedRequests.inc({ route, version: exchange.routeVersion, consumer });
    }
    if (exchange.breaches !== null) this.#observeBreaches(exchange.breaches, route);
    for (const { guard, action, direction } of exchange.guards ?? [])
      this.guards.inc({ guard, action, direction });
    if (exchange.ai !== null) this.#observeAi(exchange, exchange.ai);
    if (exchange.mcp !== null) this.#observeMcp(exchange, exchange.mcp);
  }

  #observeMcp({ durationMs }: Exchange, { method, server, tool, outcome }: McpFacts): void {
    this.mcpDuration.observe(
      { mcp_method_name: method, mcp_server: server, gen_ai_tool_name: this.#tools.value(tool), outcome },
      seconds(durationMs),
    );
  }

  #observeBreaches(breaches: readonly ContractBreach[], route: string): void {
    for (const { direction, what } of breaches) {
      if (what === 'schema') this.schemaViolations.inc({ route, direction });
      else this.contractDrift.inc({ route, what });
    }
  }

  #observeAi(exchange: Exchange, ai: AiFacts): void {
    const labels = { gen_ai_request_model: this.#models.value(ai.model), gen_ai_provider_name: ai.provider };
    const failed = exchange.reason === 'ok' ? '' : this.#reasons.value(exchange.reason);
    this.aiDuration.observe(
      { ...labels, gen_ai_operation_name: ai.operation, error_type: failed },
      seconds(exchange.durationMs),
    );
    if (ai.firstTokenMs >= 0) this.aiFirstToken.observe(labels, seconds(ai.firstTokenMs));
    if (ai.msPerToken >= 0) this.aiTimePerToken.observe(labels, seconds(ai.msPerToken));
    if (ai.confidence >= 0) this.aiConfidence.observe(labels, ai.confidence);
    const model = labels.gen_ai_request_model;
    if (ai.outcome !== '') this.aiOutcomes.inc({ model, provider: ai.provider, outcome: ai.outcome });
    if (ai.prompt !== '') {
      // Names and versions are the config's own: as many as it has.
      this.aiPrompts.inc({ prompt: ai.prompt, version: ai.promptVersion, outcome: ai.outcome });
    }
    if (ai.savedUsd > 0) this.aiSaved.inc({ model }, ai.savedUsd);
    if (ai.usageSource === '') return;
    const tokens = { ...labels, usage_source: ai.usageSource };
    this.aiTokens.observe({ ...tokens, gen_ai_token_type: 'input' }, Math.max(0, ai.tokensIn));
    this.aiTokens.observe({ ...tokens, gen_ai_token_type: 'output' }, Math.max(0, ai.tokensOut));
    if (ai.usd >= 0) {
      this.aiCost.inc(
        {
          model: labels.gen_ai_request_model,
          provider: ai.provider,
          consumer: this.#consumers.value(exchange.consumer),
        },
        ai.usd,
      );
    } else {
      this.aiUnpriced.inc({ model: labels.gen_ai_request_model, provider: ai.provider });
    }
  }
}

/** UNAUTHENTICATED: a server may send any number. */
const LAST_GRPC_STATUS = 16;

const statusOf = (status: number): string => (status >= 100 && status <= 599 ? String(status) : '0');

function statusClassOf(status: number): string {
  return status >= 100 && status <= 599 ? `${Math.floor(status / 100)}xx` : '0';
}

/** A failed attempt's reason: a status is told by its class, as everywhere. */
const outcomeOf = (reason: string): string => (/^[1-5]\d\d$/.test(reason) ? `${reason[0]}xx` : reason);

/** A failure between gateway and upstream is not an answer of the upstream. */
function upstreamOutcome(exchange: Exchange, statusClass: string): string {
  return exchange.reason === 'ok' || exchange.reason === 'upstream_4xx' || exchange.reason === 'upstream_5xx'
    ? statusClass
    : exchange.reason;
}
