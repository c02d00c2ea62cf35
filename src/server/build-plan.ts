import type { FastifyInstance } from 'fastify';
import { callBudgets } from '../ai/budgets/call-budgets.ts';
import { errorShapeOf } from '../ai/formats/index.ts';
import type { AiPorts } from '../ai/ports.ts';
import { type AiRoutes, registerAiRoutes } from '../ai/routes/index.ts';
import type { GatewayConfig, RouteConfig } from '../config/schema/index.ts';
import { servesAi } from '../config/serves-ai.ts';
import { servesFeedback } from '../config/serves-feedback.ts';
import { servesMany } from '../config/serves-many.ts';
import type { ErrorShape, Exchange } from '../contracts/exchange.ts';
import type { PolicyPorts } from '../contracts/policy.ts';
import type { Counters, Documents } from '../contracts/store.ts';
import { registerFeedback } from '../hypercare/feedback/routes.ts';
import { exactJson } from '../lib/exact-json.ts';
import { readJsonBody } from '../lib/json-body.ts';
import type { Leases } from '../lib/leases.ts';
import { isOddPath, lenientPath } from '../lib/lenient-path.ts';
import { askedMethods } from '../lib/method-override.ts';
import { PERSONAL_DATA } from '../lib/personal-data/index.ts';
import type { Share } from '../lib/share.ts';
import { compileTemplate } from '../lib/template.ts';
import { addResourceMetadata, registerResourceMetadata } from '../mcp/access/resource-metadata.ts';
import type { McpPorts } from '../mcp/ports.ts';
import type { McpRoutes } from '../mcp/routes.ts';
import type { LiveExchange } from '../record/exchange.ts';
import type { Meters } from '../record/meters.ts';
import type { Answers } from '../stores/answers/index.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Fleet } from '../upstream/fleet.ts';
import type { Outbound } from '../upstream/outbound.ts';
import type { UpstreamRegistry } from '../upstream/registry.ts';
import { Upstream } from '../upstream/upstream.ts';
import { type AdmittedRoute, registerApiRoutes, runPolicies } from './api-routes.ts';
import { clientCertificateOf } from './client-certificate.ts';
import type { GenerationPlan } from './generation.ts';
import { admitPolicies, type PolicyChain, type PolicyDescriptors, takesPlainRequests } from './policies.ts';
import type { Pressure } from './pressure.ts';
import { type GateSettings, RouteGate, type Running } from './route-gate.ts';
import type { SharedSchemas } from './shared-schemas.ts';
import { Takers } from './takers.ts';
import { trustOf } from './trust.ts';

/** What lives as long as the process and every generation stands on. */
export interface ProcessPorts {
  fleet: Fleet;
  registry: UpstreamRegistry;
  counters: Counters;
  documents: Documents;
  answers: Answers;
  onChecked(exchange: Exchange, isOutdated: boolean): void;
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  meters: Meters;
  log: Logger;
  descriptors: PolicyDescriptors;
  pressure: Pressure;
  /** How many requests run on each route that has a limit. */
  running: Leases<Running>;
  schemas: SharedSchemas;
  /** Which of the processes that carry the same traffic this is. */
  share: Share;
  outbound: Pick<Outbound, 'fetch'>;
  /** Whether it speaks for all of them. */
  decides: boolean;
  ai: AiPorts;
  mcp: McpPorts;
}

/** The name under which the AI routes stand in logs and metrics. */
const AI_ROUTE = 'ai';
/** And those of MCP servers. */
const MCP_ROUTE = 'mcp';

/** What a revision of the config becomes: the plan of a generation. */
export function planGeneration(config: GatewayConfig, ports: ProcessPorts): GenerationPlan {
  const upstreams = new Map<string, Upstream>();
  const leaveRegistry: (() => void)[] = [];
  for (const [name, options] of Object.entries(config.upstreams)) {
    upstreams.set(name, new Upstream({ name, ...options }, ports.fleet));
  }
  const chains: PolicyChain[] = [];
  const gates: RouteGate[] = [];
  const schemas = ports.schemas.open();
  const takers = new Takers();
  const trust = trustOf(config.server.trustProxy);
  const hasAi = servesAi(config.ai);
  const { prefix } = config.ai;
  const isAiPath = (path: string): boolean => hasAi && path.startsWith(`${prefix}/`);
  const aiShapeOf = (path: string): ErrorShape => errorShapeOf(path.slice(prefix.length));
  let ai: AiRoutes | undefined;
  const servesMcp = Object.keys(config.mcp.servers).length > 0;
  const isMcpPath = (path: string): boolean =>
    servesMcp && (path === config.mcp.prefix || path.startsWith(`${config.mcp.prefix}/`));
  let mcp: McpRoutes | undefined;

  const slotOf = (policy: string) => ports.descriptors.get(policy)?.slot;

  function gate(settings: GateSettings): RouteGate {
    const { concurrency, name } = settings;
    // Under `auto` the config can't know; the process that decides says it for all of them.
    if (concurrency && concurrency.max < ports.share.of && ports.decides)
      ports.log.warn(
        { route: name, max: concurrency.max, workers: ports.share.of },
        'each worker lets in one request at least: more may run at once than concurrency.max says',
      );
    const made = new RouteGate(settings, { ...ports, shed: config.server.shed });
    gates.push(made);
    return made;
  }

  async function admit(
    { name, path, keeper = name }: AdmittedRoute,
    entries: RouteConfig['policies'],
  ): Promise<PolicyChain> {
    const chain = await admitPolicies(entries, ports.descriptors, (policy) => ({
      ...policyPorts(config, ports, name, policy),
      answers: (where, most) => ports.answers.ofRoute(keeper, where, most),
      template: (text) => compileTemplate(text, path),
      compileSchema: schemas.compile,
      personalData: PERSONAL_DATA,
      readJson: readJsonBody,
      exactJson,
      otherReading: (path) => (isOddPath(path) ? lenientPath(path) : undefined),
      askedMethods,
    }));
    chains.push(chain);
    return chain;
  }

  async function registerMcp(scope: FastifyInstance): Promise<void> {
    // The protocol's package is only paid for where it is used.
    const { registerMcpRoutes } = await import('../mcp/routes.ts');
    const { policies: entries, priority, concurrency } = config.mcp;
    const chain = await admit({ name: MCP_ROUTE, path: undefined }, entries);
    const served = {
      route: { name: MCP_ROUTE, version: '' },
      gate: gate({ name: MCP_ROUTE, priority, concurrency }),
      chain,
    };
    const onErrors: Pick<PolicyChain, 'responseHeaders'> = {
      responseHeaders(headers, exchange) {
        chain.responseHeaders(headers, exchange);
        addResourceMetadata(headers, exchange.path, config.mcp);
      },
    };
    runPolicies(scope, () => served, onErrors, { shapeOf: () => 'mcp' });
    const { listen } = config.server;
    mcp = registerMcpRoutes(scope, { config: config.mcp, policies: chain, ports: ports.mcp, listen });
  }

  return {
    bodyLimit: config.server.limits.body,
    log: ports.log,
    errorShape: (path) => {
      if (isAiPath(path)) return aiShapeOf(path);
      return isMcpPath(path) ? 'mcp' : 'problem';
    },
    trust,
    takers,
    servesPlainly: takesPlainRequests(ports.descriptors),
    allowedMethods: (exchange, request) => {
      const { methods, routes } = takers.otherMethods(request);
      recordMethodDrift(exchange, routes);
      return methods;
    },
    async build(app) {
      app.decorateRequest('exchange', null as never);
      await registerApiRoutes(app, {
        config,
        takers,
        upstreams,
        trust,
        meters: ports.meters,
        random: ports.fleet.random,
        share: ports.share,
        slotOf,
        gate,
        admit,
      });
      if (servesMcp) {
        // For everybody: read before there is a token.
        await app.register(async (scope) => registerResourceMetadata(scope, config.mcp));
        await app.register(registerMcp);
      }
      if (servesFeedback(config)) {
        const { documents, counters, now } = ports;
        const { degraded } = policyPorts(config, ports, 'feedback', 'feedback-limit');
        const onFault = (error: unknown): void => degraded('fail_open', error as Error);
        await app.register(async (scope) =>
          registerFeedback(scope, config, { documents, counters, now, degraded: onFault }),
        );
      }
      if (!hasAi) return;
      await app.register(async (scope) => {
        const chain = await admit({ name: AI_ROUTE, path: undefined }, config.ai.policies);
        const served = {
          route: { name: AI_ROUTE, version: '' },
          gate: gate({ name: AI_ROUTE, priority: config.ai.priority, concurrency: config.ai.concurrency }),
          chain,
        };
        runPolicies(scope, () => served, chain, { shapeOf: aiShapeOf });
        const isShared = servesMany(config, slotOf);
        ai = await registerAiRoutes(scope, config.ai, chain, ports.ai, callBudgets(config), isShared);
      });
    },
    serve() {
      for (const upstream of upstreams.values()) {
        upstream.serve();
        leaveRegistry.push(ports.registry.enter(upstream));
      }
      ai?.serve();
      mcp?.serve();
    },
    async dispose() {
      for (const leave of leaveRegistry) leave();
      for (const upstream of upstreams.values()) upstream.dispose();
      for (const { dispose } of gates) dispose();
      ai?.dispose();
      await mcp?.dispose();
      for (const chain of chains) await chain.dispose();
      schemas.release();
    },
  };
}

function policyPorts(
  config: GatewayConfig,
  ports: ProcessPorts,
  route: string,
  policy: string,
): Omit<
  PolicyPorts,
  | 'answers'
  | 'template'
  | 'readJson'
  | 'exactJson'
  | 'otherReading'
  | 'askedMethods'
  | 'compileSchema'
  | 'personalData'
> {
  let saidAt = Number.NEGATIVE_INFINITY;
  return {
    route,
    consumers: config.consumers,
    counters: ports.counters,
    clientCertificate: clientCertificateOf,
    checked: (exchange, isOutdated) => ports.onChecked(exchange, isOutdated),
    fetch: ports.outbound.fetch,
    now: ports.now,
    degraded(what, error) {
      ports.meters.degraded.inc({ policy, what });
      // Counted each time, said once a second: a store that is down must not fill the disk as well.
      const now = performance.now();
      if (now - saidAt < 1000) return;
      saidAt = now;
      ports.log.warn({ policy, route, what, err: error }, 'a policy could not do its work');
    },
  };
}

/** A method that a route with a contract has not is answered 405 before any policy of it could say so. */
function recordMethodDrift(exchange: LiveExchange, routes: readonly RouteConfig[]): void {
  const route = routes.find(({ policies }) => policies.some((entry) => 'contract' in entry));
  if (route === undefined) return;
  exchange.route = route.name;
  exchange.routeVersion = route.version ?? '';
  exchange.breaches = [{ direction: 'request', what: 'method', at: `method ${exchange.method}` }];
}
