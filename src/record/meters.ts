import type { ContractBreach, Exchange, McpFacts } from '../contracts/exchange.ts';
import { CappedLabels } from '../lib/capped-labels.ts';
import {
  Counter,
  DURATION_BUCKETS,
  Gauge,
  Histogram,
  MCP_DURATION_BUCKETS,
  type Registry,
} from '../telemetry/metrics.ts';
import { AiMeters } from './ai-meters.ts';
import { AttemptMeters } from './attempt-meters.ts';
import { effectiveStatus } from './effective-status.ts';
import { TlsMeters } from './tls-meters.ts';

/** Most distinct values of one label. Beyond it values are `__other`. */
const CAP = 1000;
/** OpenTelemetry: what isn't a method of the standards is `_OTHER`. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE']);

const seconds = (milliseconds: number): number => milliseconds / 1000;

/** The metrics of `design.md` that this version fills. Names and labels are an interface: dashboards stand on them. */
export class Meters {
  readonly requestDuration;
  readonly requests;
  readonly grpcRequests;
  readonly splits;
  readonly mirrored;
  readonly rateLimited;
  readonly shed;
  readonly fallbacks;
  readonly mcpDuration;
  readonly revision;
  readonly #config;
  readonly reloads;
  readonly generations;
  readonly degraded;
  readonly budgetRefused;
  readonly budgetSettlementsLost;
  readonly ledgerRowsLost;
  readonly stateChanges;
  readonly cacheRequests;
  readonly schemaViolations;
  readonly contractDrift;
  readonly guards;
  readonly deprecatedRequests;
  readonly tls: TlsMeters;
  #names: ReadonlySet<string> = new Set();
  /** Whether the config names it: then it has its label, however many others clients have sent before. */
  readonly isNamed = (label: string): boolean => this.#names.has(label);
  readonly #ai: AiMeters;
  readonly #attempts: AttemptMeters;
  readonly #routes = new CappedLabels(CAP, this.isNamed);
  readonly #upstreams = new CappedLabels(CAP, this.isNamed);
  readonly #consumers = new CappedLabels(CAP, this.isNamed);
  readonly #models = new CappedLabels(CAP, this.isNamed);
  readonly #reasons = new CappedLabels(CAP, this.isNamed);
  readonly #tools = new CappedLabels(CAP, this.isNamed);
  readonly #running = { count: (): number => 0 };

  constructor(registry: Registry) {
    const registers = [registry];
    const labels = {
      models: this.#models,
      reasons: this.#reasons,
      consumers: this.#consumers,
      upstreams: this.#upstreams,
    };
    this.tls = new TlsMeters(registry, this.#reasons);
    this.#ai = new AiMeters(registry, labels);
    this.#attempts = new AttemptMeters(registry, labels, new CappedLabels(CAP, this.isNamed));
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
    this.mcpDuration = new Histogram({
      name: 'mcp_server_operation_duration_seconds',
      help: 'Time of a message to an MCP server, from the request’s first byte to the answer’s last.',
      labelNames: ['mcp_method_name', 'mcp_server', 'gen_ai_tool_name', 'outcome'],
      buckets: MCP_DURATION_BUCKETS,
      registers,
    });
    const running = this.#running;
    new Gauge({
      name: 'gateway_requests_in_flight',
      help: 'Requests that run now.',
      registers,
      collect() {
        this.set(running.count());
      },
    });
    this.revision = new Gauge({
      name: 'gateway_config_revision',
      help: 'Number of the config revision that serves.',
      aggregator: 'max',
      registers,
    });
    this.#config = new Gauge({
      name: 'gateway_config_info',
      help: 'The config that serves, by its text: SHA-256, the first 12 digits. Always 1.',
      labelNames: ['hash'],
      aggregator: 'max',
      registers,
    });
    this.reloads = new Counter({
      name: 'gateway_config_reloads_total',
      help: 'Attempts to apply a config revision.',
      labelNames: ['outcome'],
      registers,
    });
    // There before the first: what begins at 1 has not increased, to Prometheus.
    for (const outcome of ['applied', 'refused']) this.reloads.inc({ outcome }, 0);
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
    this.budgetRefused = new Counter({
      name: 'gateway_budget_refused_total',
      help: 'Calls refused because a budget was spent.',
      labelNames: ['budget', 'scope'],
      registers,
    });
    this.budgetSettlementsLost = new Counter({
      name: 'gateway_budget_settlements_lost_total',
      help: 'Calls that were never charged to their budgets: the store was away for too long, or refused the charge.',
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
  }

  /** @param names what the config names from now on */
  use(names: ReadonlySet<string>): void {
    this.#names = names;
  }

  /** @param hash SHA-256 of the config's text that serves from now on, in hex */
  serves(hash: string): void {
    this.#config.reset();
    this.#config.set({ hash: hash.slice(0, 12) }, 1);
  }

  /** @param count asked when somebody wants to know how many requests run */
  countRunning(count: () => number): void {
    this.#running.count = count;
  }

  observe(exchange: Exchange): void {
    const route = this.#routes.value(exchange.route);
    const method = METHODS.has(exchange.method) ? exchange.method : '_OTHER';
    const statusClass = statusClassOf(effectiveStatus(exchange));
    // What the gateway asks by itself is no request of anybody's.
    if (exchange.purpose === '') {
      this.requestDuration.add(seconds(exchange.durationMs), route, method, statusOf(exchange.status));
      const reason = this.#reasons.value(exchange.reason);
      this.requests.add(1, route, exchange.routeVersion, method, statusClass, reason);
      if (exchange.grpcStatus >= 0) {
        const grpc_status = exchange.grpcStatus <= LAST_GRPC_STATUS ? String(exchange.grpcStatus) : '_OTHER';
        this.grpcRequests.inc({ route, upstream: this.#upstreams.value(exchange.upstream), grpc_status });
      }
    }
    this.#attempts.observe(exchange, route, statusClass);
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
    if (exchange.ai !== null) this.#ai.observe(exchange, exchange.ai);
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
}

/** UNAUTHENTICATED: a server may send any number. */
const LAST_GRPC_STATUS = 16;

const statusOf = (status: number): string => (status >= 100 && status <= 599 ? String(status) : '0');

const CLASSES = ['0', '1xx', '2xx', '3xx', '4xx', '5xx'];

const statusClassOf = (status: number): string =>
  CLASSES[status >= 100 ? Math.floor(status / 100) : 0] ?? '0';
