import { setImmediate as immediate } from 'node:timers/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { GatewayConfig, RouteConfig } from '../config/schema/index.ts';
import type { ErrorShape } from '../contracts/exchange.ts';
import type { Slot } from '../contracts/policy.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { compilePathRewrite } from '../lib/path-rewrite.ts';
import { chosenOf } from '../proxy/choice.ts';
import { isPreflight } from '../proxy/conditions.ts';
import type { Fallback } from '../proxy/fallback.ts';
import { Mirror } from '../proxy/mirror.ts';
import { type IsAmbiguous, otherReadings } from '../proxy/other-readings.ts';
import type { Place } from '../proxy/paths.ts';
import { placesWithPreflights } from '../proxy/preflight.ts';
import type { ProxyRoute } from '../proxy/proxy-route.ts';
import { registerProxyPlace } from '../proxy/route.ts';
import { Split } from '../proxy/split.ts';
import { staticAnswer } from '../proxy/static-answer.ts';
import { exchangeOf } from '../record/exchange.ts';
import type { Meters } from '../record/meters.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { PolicyChain } from './policies.ts';
import type { RouteGate } from './route-gate.ts';
import type { Trust } from './trust.ts';

export interface ApiRoutesPlan {
  config: GatewayConfig;
  upstreams: ReadonlyMap<string, Upstream>;
  trust: Trust;
  meters: Meters;
  random(): number;
  /** Where a policy stands, by its name. */
  slotOf(policy: string): Slot | undefined;
  /** What asks whether there is room, by the name of the route. */
  gate(route: RouteConfig): RouteGate;
  admit(scope: FastifyInstance, route: AdmittedRoute, entries: RouteConfig['policies']): Promise<PolicyChain>;
}

/** The route that policies are made for. */
export interface AdmittedRoute {
  name: string;
  /** `match.path`, which names the parameters; undefined on the AI routes. */
  path: string | undefined;
}

/** What stands before a route. */
interface Gated {
  route: { name: string; version: string };
  gate: RouteGate;
  chain: PolicyChain;
  /** Absent: no other route asks for more. */
  isAmbiguous?: IsAmbiguous | undefined;
}

interface Served extends Gated {
  route: ProxyRoute;
}

/**
 * Registers the API routes: each in a Fastify scope of its own, with its policies. Places of the router that several
 * routes share (they differ by host or headers) have one scope more, which hands each request to the policies of the
 * route that was chosen for it.
 */
export async function registerApiRoutes(app: FastifyInstance, plan: ApiRoutesPlan): Promise<void> {
  const places = placesWithPreflights(plan.config.routes);
  const alone = Map.groupBy(places, ({ routes }) => (routes.length === 1 ? routes[0] : undefined));
  const readings = otherReadings(plan.config.routes, plan.slotOf);
  const byName = new Map<string, Served>();
  for (const route of plan.config.routes) {
    await app.register(async (scope) => {
      const chain = await plan.admit(scope, { name: route.name, path: route.match.path }, route.policies);
      const served = {
        chain,
        gate: plan.gate(route),
        route: toServe(route, chain, plan),
        isAmbiguous: readings(route.name),
      };
      byName.set(route.name, served);
      runPolicies(scope, () => served, chain);
      for (const place of alone.get(route) ?? []) {
        await registerProxyPlace(scope, { ...place, choice: choiceOf(place), routeOf: () => served.route });
      }
    });
    // What is served meanwhile has its turn between two routes.
    await immediate();
  }
  // Those with preflights are made of copies of routes.
  const known = new Set<RouteConfig | undefined>(plan.config.routes);
  const shared = [...alone].flatMap(([route, own]) => (known.has(route) ? [] : own));
  if (shared.length === 0) return;
  await app.register(async (scope) => {
    const servedOf = (request: FastifyRequest): Served =>
      byName.get((chosenOf(request.raw) as RouteConfig).name) as Served;
    runPolicies(scope, servedOf, {
      responseHeaders: (headers, exchange) =>
        byName.get(exchange.route)?.chain.responseHeaders(headers, exchange),
    });
    for (const place of shared) {
      const routeOf = (request: FastifyRequest): Served['route'] => servedOf(request).route;
      await registerProxyPlace(scope, { ...place, choice: choiceOf(place), routeOf });
    }
  });
}

const choiceOf = (place: Place<RouteConfig>): RouteConfig[] | null =>
  place.isConditional ? place.routes : null;

/** Puts the gate and the policies of the route that takes a request before it, and theirs on the headers of errors. */
export function runPolicies(
  scope: FastifyInstance,
  servedOf: (request: FastifyRequest) => Gated,
  onErrors: Pick<PolicyChain, 'responseHeaders'>,
  shapeOf: (path: string) => ErrorShape = () => 'problem',
): void {
  scope.addHook('onRoute', (options) => {
    options.config = { ...options.config, policies: onErrors };
  });
  // A callback hook: a promise is paid for only where a policy gives one.
  scope.addHook('onRequest', (request, reply, done) => {
    const exchange = exchangeOf(request.raw);
    const { route, gate, chain, isAmbiguous } = servedOf(request);
    request.exchange = exchange;
    exchange.route = route.name;
    exchange.routeVersion = route.version;
    exchange.shape = shapeOf(exchange.path);
    if (isAmbiguous?.(exchange.path)) {
      done(new GatewayError('path_ambiguous'));
      return;
    }
    if (request.method === 'OPTIONS' && isPreflight(request.headers)) {
      const headers = chain.preflight(request);
      if (headers !== undefined) {
        reply.code(204).headers(headers).header('x-request-id', exchange.id).send();
        return;
      }
      if (chosenOf(request.raw)?.match.preflightFor !== undefined) {
        // The route would take what the preflight asks about, and not the preflight itself.
        exchange.route = '';
        exchange.routeVersion = '';
        reply.callNotFound();
        return;
      }
    }
    const verdict = gate.enter(exchange) ?? chain.onRequest(exchange, request, reply);
    if (verdict instanceof Promise) verdict.then(done, done);
    else done(verdict);
  });
}

function toServe(route: RouteConfig, policies: PolicyChain, plan: ApiRoutesPlan): ProxyRoute {
  const { name, version = '' } = route;
  return {
    name,
    version,
    upstreamOf: upstreamOf(route, plan),
    mirror: mirrorOf(route, plan),
    policies,
    fallback: route.fallback && fallbackOf(route.fallback, plan),
    rewrite: route.rewrite && compilePathRewrite(route.rewrite),
    bodyLimit: plan.config.server.limits.body,
    isTrusted: (request) => plan.trust.isTrusted(request.raw),
  };
}

function upstreamOf(route: RouteConfig, { upstreams }: ApiRoutesPlan): ProxyRoute['upstreamOf'] {
  if (route.split === undefined) {
    const upstream = upstreams.get(route.upstream ?? '') as Upstream;
    return () => upstream;
  }
  const split = new Split(route.split, route.sticky);
  const parts = route.split.map((part) => upstreams.get(part.upstream) as Upstream);
  return (exchange) => {
    const chosen = parts[split.choose(exchange, exchange.id)] as Upstream;
    exchange.variant = chosen.name;
    return chosen;
  };
}

function mirrorOf({ name, mirror }: RouteConfig, { upstreams, meters, random }: ApiRoutesPlan) {
  if (mirror === undefined) return undefined;
  const { upstream, share, maxInFlight, timeout } = mirror;
  return new Mirror({
    route: name,
    upstream: upstreams.get(upstream) as Upstream,
    share,
    maxInFlight,
    timeoutMs: timeout,
    random,
    onOutcome: (outcome) => meters.mirrored.inc({ route: name, upstream, outcome }),
  });
}

function fallbackOf(config: NonNullable<RouteConfig['fallback']>, plan: ApiRoutesPlan): Fallback {
  const { upstream, status, headers, body, on } = config;
  // Where another upstream stands in, its failure is the answer, unless the config has one.
  const hasAnswer = upstream === undefined || status !== undefined || body !== undefined;
  return {
    on,
    upstream: upstream === undefined ? undefined : plan.upstreams.get(upstream),
    answer: hasAnswer ? staticAnswer(status ?? DEFAULT_STATUS, headers, body) : undefined,
  };
}

const DEFAULT_STATUS = 503;
