import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AiPorts } from '../ai/ports.ts';
import { registerAiRoutes } from '../ai/routes/index.ts';
import type { GatewayConfig, RouteConfig } from '../config/schema/index.ts';
import type { PolicyPorts } from '../contracts/policy.ts';
import type { Counters } from '../contracts/store.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { hasConditions } from '../proxy/conditions.ts';
import { methodsOfPath, routerPaths } from '../proxy/paths.ts';
import { registerProxyRoute } from '../proxy/route.ts';
import { exchangeOf } from '../record/exchange.ts';
import type { Meters } from '../record/meters.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Pools } from '../upstream/pools.ts';
import { Upstream } from '../upstream/upstream.ts';
import type { GenerationPlan } from './generation.ts';
import { admitPolicies, type PolicyChain, type PolicyDescriptors } from './policies.ts';
import { trustOf } from './trust.ts';

/** What lives as long as the process and every generation stands on. */
export interface ProcessPorts {
  pools: Pools;
  counters: Counters;
  meters: Meters;
  log: Logger;
  descriptors: PolicyDescriptors;
  ai: AiPorts;
}

/** The name under which the AI routes stand in logs and metrics. */
const AI_ROUTE = 'ai';

/** What a revision of the config becomes: the plan of a generation. */
export function planGeneration(config: GatewayConfig, ports: ProcessPorts): GenerationPlan {
  const upstreams = new Map<string, Upstream>();
  for (const [name, options] of Object.entries(config.upstreams)) {
    upstreams.set(name, new Upstream({ name, ...options }, ports.pools));
  }
  const chains: PolicyChain[] = [];
  const trust = trustOf(config.server.trustProxy);
  const servesAi = Object.keys(config.ai.models).length > 0;
  const isAiPath = (path: string): boolean => servesAi && path.startsWith(`${config.ai.prefix}/`);
  let disposeAi: () => void = () => undefined;

  async function policiesFor(
    scope: FastifyInstance,
    route: string,
    entries: RouteConfig['policies'],
  ): Promise<PolicyChain> {
    const chain = await admitPolicies(
      entries,
      ports.descriptors,
      (policy) => policyPorts(config, ports, route, policy),
      scope,
    );
    chains.push(chain);
    // A callback hook: a promise is paid for only where a policy gives one.
    scope.addHook('onRequest', (request, reply, done) => {
      const exchange = exchangeOf(request.raw);
      request.exchange = exchange;
      exchange.route = route;
      const verdict = chain.onRequest(exchange, request, reply);
      if (verdict instanceof Promise) verdict.then(done, done);
      else done(verdict);
    });
    return chain;
  }

  return {
    bodyLimit: config.server.limits.body,
    log: ports.log,
    isAiPath,
    trust,
    allowedMethods: (exchange, request) => methodsOfPath(config.routes, exchange.path, request.headers),
    async build(app) {
      app.decorateRequest('exchange', null as never);
      for (const route of config.routes) {
        await app.register(async (scope) => {
          const policies = await policiesFor(scope, route.name, route.policies);
          scope.addHook('onRoute', (options) => {
            options.config = { ...options.config, policies };
          });
          if (!isActive(route)) {
            registerInactive(scope, route, config.routes);
            return;
          }
          await registerProxyRoute(scope, {
            name: route.name,
            paths: routerPaths(route, config.routes),
            conditions: route.match,
            upstream: upstreams.get(route.upstream as string) as Upstream,
            policies,
            bodyLimit: config.server.limits.body,
            isTrusted: (request) => trust.isTrusted(request.raw),
          });
        });
      }
      if (!servesAi) return;
      await app.register(async (scope) => {
        const policies = await policiesFor(scope, AI_ROUTE, config.ai.policies);
        scope.addHook('onRoute', (options) => {
          options.config = { ...options.config, policies };
        });
        disposeAi = await registerAiRoutes(scope, config.ai, policies, ports.ai);
      });
    },
    async dispose() {
      for (const upstream of upstreams.values()) upstream.dispose();
      disposeAi();
      for (const chain of chains) await chain.dispose();
    },
  };
}

/** A route whose meaning hangs on a feature to come is not half served. */
function isActive(route: RouteConfig): boolean {
  return route.upstream !== undefined && route.rewrite === undefined;
}

function registerInactive(scope: FastifyInstance, route: RouteConfig, all: readonly RouteConfig[]): void {
  const missing = [route.split && 'split', route.rewrite && 'rewrite'].filter(Boolean).join(' and ');
  for (const { pattern, methods } of routerPaths(route, all)) {
    scope.route({
      url: pattern,
      method: [...methods],
      ...(hasConditions(route.match) ? { constraints: { conditions: route.match } as never } : {}),
      handler: (_request: FastifyRequest, _reply: FastifyReply) => {
        throw new GatewayError('feature_not_active', { detail: `It is: ${missing}.` });
      },
    });
  }
}

function policyPorts(config: GatewayConfig, ports: ProcessPorts, route: string, policy: string): PolicyPorts {
  let saidAt = Number.NEGATIVE_INFINITY;
  return {
    route,
    consumers: config.consumers,
    counters: ports.counters,
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
