import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { GatewayConfig, RouteConfig } from '../config/schema/index.ts';
import { METHODS } from '../config/schema/routes.ts';
import type { ErrorShape } from '../contracts/exchange.ts';
import type { Slot, Verdict } from '../contracts/policy.ts';
import { askedMethods } from '../lib/method-override.ts';
import { compilePathRewrite } from '../lib/path-rewrite.ts';
import { type Share, shareOf } from '../lib/share.ts';
import { Slices } from '../lib/slices.ts';
import { isPreflight } from '../proxy/conditions.ts';
import type { Fallback } from '../proxy/fallback.ts';
import { asksForMore, guardsOf } from '../proxy/guards.ts';
import { Mirror } from '../proxy/mirror.ts';
import { otherMethods } from '../proxy/other-methods.ts';
import { otherReadings } from '../proxy/other-readings.ts';
import { isForPreflight, placingWithPreflights } from '../proxy/preflight.ts';
import type { ProxyRoute } from '../proxy/proxy-route.ts';
import { serveRoute } from '../proxy/route.ts';
import { Split } from '../proxy/split.ts';
import { staticAnswer } from '../proxy/static-answer.ts';
import { exchangeOf } from '../record/exchange.ts';
import type { Meters } from '../record/meters.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { keepersOf } from './keepers.ts';
import type { PolicyChain } from './policies.ts';
import { ambiguityOf, checkMediaType } from './read-otherwise.ts';
import type { RouteGate } from './route-gate.ts';
import { CONFIGURED, type Gated, type Served, type Takers, takerOf } from './takers.ts';
import type { Trust } from './trust.ts';

export interface ApiRoutesPlan {
  config: GatewayConfig;
  takers: Takers;
  upstreams: ReadonlyMap<string, Upstream>;
  trust: Trust;
  meters: Meters;
  random(): number;
  /** Which of the processes that carry the same traffic this is. */
  share: Share;
  /** Where a policy stands, by its name. */
  slotOf(policy: string): Slot | undefined;
  /** What asks whether there is room, by the name of the route. */
  gate(route: RouteConfig): RouteGate;
  admit(route: AdmittedRoute, entries: RouteConfig['policies']): Promise<PolicyChain>;
}

/** The route that policies are made for. */
export interface AdmittedRoute {
  name: string;
  /** `match.path`, which names the parameters; undefined on the AI routes. */
  path: string | undefined;
  /** The route whose kept answers its cache has to do with, if not with its own. */
  keeper?: string | undefined;
}

/**
 * Registers the API routes: one route of Fastify, which hands each request to the policies and to the upstream of the
 * route that takes it. A scope of Fastify for each costs 2 ms of a reload and makes their requests strangers to the
 * compiler. In slices: what is served meanwhile has its turn.
 */
export async function registerApiRoutes(app: FastifyInstance, plan: ApiRoutesPlan): Promise<void> {
  const { routes } = plan.config;
  if (routes.length === 0) return;
  const slices = new Slices();
  const readings = await slices.through(otherReadings(routes, plan.slotOf));
  const guards = await slices.through(guardsOf(routes, plan.slotOf));
  const looking = await slices.through(otherMethods(routes, guards));
  const isOverridden = (name: string) => (request: IncomingMessage) =>
    askedMethods(request.headers)?.some((method) => {
      const other = plan.takers.withMethod(method, request);
      return other !== undefined && asksForMore(guards, other.name, name);
    }) === true;
  const keeperOf = keepersOf(routes);
  const byName = new Map<string, Served>();
  for (const route of routes) {
    const { name, match, policies } = route;
    const keeper = keeperOf(route);
    const chain = await plan.admit(
      { name, path: match.path, keeper: keeper?.name },
      keeper ? [...policies, keeper.cache] : policies,
    );
    byName.set(route.name, {
      chain,
      gate: plan.gate(route),
      route: toServe(route, chain, plan),
      isAmbiguous: readings(route.name),
      isOverridden: looking.has(name) ? isOverridden(name) : undefined,
    });
    await slices.rest();
  }
  for (const { pattern, methods, routes: sharing } of await slices.through(placingWithPreflights(routes))) {
    for (const config of sharing) {
      const served = byName.get(config.name) as Served;
      const taker = { config, served, isForPreflight: isForPreflight(config) };
      for (const method of methods) plan.takers.add(method, pattern, taker);
    }
    await slices.rest();
  }
  await app.register(async (scope) => {
    const servedOf = (request: FastifyRequest): Served => takerOf(request.raw)?.served as Served;
    const serve: Serve = (request, reply) => serveRoute(servedOf(request).route, request, reply);
    const onErrors: Pick<PolicyChain, 'responseHeaders'> = {
      responseHeaders: (headers, exchange) =>
        byName.get(exchange.route)?.chain.responseHeaders(headers, exchange),
    };
    runPolicies(scope, servedOf, onErrors, { serve });
    // Where Fastify goes its own way after all, the body is the upstream's to understand.
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    scope.route({ method: [...METHODS], url: '/*', constraints: { taker: CONFIGURED }, handler: serve });
  });
}

/** Answers a request. A promise only of what takes its time; it rejects with what is to be the answer. */
type Serve = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> | undefined;

/**
 * Puts the gate and the policies of the route that takes a request before it, and theirs on the headers of errors.
 *
 * @param serve answers whom they let in, at once: the way from a hook to a handler of Fastify is about bodies, which here are the
 * upstream's to understand. Absent: Fastify goes its way
 */
export function runPolicies(
  scope: FastifyInstance,
  servedOf: (request: FastifyRequest) => Gated,
  onErrors: Pick<PolicyChain, 'responseHeaders'>,
  { shapeOf = () => 'problem', serve }: { shapeOf?: (path: string) => ErrorShape; serve?: Serve } = {},
): void {
  const goOn = (
    refusal: Verdict,
    request: FastifyRequest,
    reply: FastifyReply,
    done: HookHandlerDoneFunction,
  ): void => {
    if (refusal || serve === undefined) {
      done(refusal);
      return;
    }
    // Answered meanwhile, or its client has left.
    if (reply.sent || exchangeOf(request.raw).ended) return;
    try {
      checkMediaType(request.raw);
      serve(request, reply)?.then(undefined, done);
    } catch (error) {
      done(error as Error);
    }
  };
  scope.addHook('onRoute', (options) => {
    options.config = { ...options.config, policies: onErrors };
  });
  // A callback hook: a promise is paid for only where a policy gives one.
  scope.addHook('onRequest', (request, reply, done) => {
    const exchange = exchangeOf(request.raw);
    const gated = servedOf(request);
    const { route, gate, chain } = gated;
    request.exchange = exchange;
    exchange.route = route.name;
    exchange.routeVersion = route.version;
    exchange.shape = shapeOf(exchange.path);
    const ambiguity = ambiguityOf(gated, request.raw, exchange.path);
    if (ambiguity) {
      done(ambiguity);
      return;
    }
    if (request.method === 'OPTIONS' && isPreflight(request.headers)) {
      const headers = chain.preflight(request, takerOf(request.raw)?.config.match.methods);
      if (headers !== undefined) {
        reply.code(204).headers(headers).header('x-request-id', exchange.id).send();
        return;
      }
      if (takerOf(request.raw)?.isForPreflight) {
        exchange.route = '';
        exchange.routeVersion = '';
        reply.callNotFound();
        return;
      }
    }
    const verdict = gate.enter(exchange) ?? chain.onRequest(exchange, request, reply);
    if (verdict instanceof Promise) verdict.then((refusal) => goOn(refusal, request, reply, done), done);
    else goOn(verdict, request, reply, done);
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
    isTrusted: (request) => plan.trust.isTrusted(request),
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

function mirrorOf({ name, mirror }: RouteConfig, { upstreams, meters, random, ...plan }: ApiRoutesPlan) {
  if (mirror === undefined) return undefined;
  const { upstream, share, timeout } = mirror;
  return new Mirror({
    route: name,
    upstream: upstreams.get(upstream) as Upstream,
    share,
    maxInFlight: shareOf(mirror.maxInFlight, plan.share),
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
