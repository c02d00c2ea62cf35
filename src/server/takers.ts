import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { RouteConfig } from '../config/schema/index.ts';
import type { IsAmbiguous } from '../proxy/other-readings.ts';
import type { ProxyRoute } from '../proxy/proxy-route.ts';
import { RouteTable } from '../proxy/route-table.ts';
import { exchangeOf } from '../record/exchange.ts';
import type { PolicyChain } from './policies.ts';
import type { RouteGate } from './route-gate.ts';

/** What stands before a route. */
export interface Gated {
  route: { name: string; version: string };
  gate: RouteGate;
  chain: PolicyChain;
  /** Absent: no other route asks for more. */
  isAmbiguous?: IsAmbiguous | undefined;
  /** Whether a server might take a request for another's that asks for more, as a field names its method. As above. */
  isOverridden?: ((request: IncomingMessage) => boolean) | undefined;
}

/** A route that hands requests to an upstream. */
export interface Served extends Gated {
  route: ProxyRoute;
}

/** Who takes a request: a route of the config. */
export interface Taker {
  readonly config: RouteConfig;
  readonly served: Served;
  /** It would take the request that a preflight asks about, and not the preflight itself. */
  readonly isForPreflight: boolean;
}

/** What the gateway answers itself: models, MCP servers, feedback. */
const OWN = 'own';
/** How Fastify knows a route of ours from what the config says. */
export const CONFIGURED = 'configured';

const TAKER = Symbol('hypercare.taker');

/** Absent: nobody has looked yet. */
type Asking = IncomingMessage & { [TAKER]?: Taker | typeof OWN | 'nobody' };

/** The route that takes a request; undefined on those that the gateway answers itself, and before it was looked for. */
export function takerOf(request: IncomingMessage): Taker | undefined {
  const taker = (request as Asking)[TAKER];
  return typeof taker === 'object' ? taker : undefined;
}

/**
 * Decides for each request of a generation who takes it: one table of the config's routes and of what the gateway
 * answers itself, so that of both the more specific wins. Fastify has one route for all of the config's, and asks here
 * as a constraint of its router.
 */
export class Takers {
  readonly table = new RouteTable<Taker | typeof OWN>();

  readonly strategy = {
    name: 'taker',
    mustMatchWhenDerived: false,
    validate: (): void => undefined,
    deriveConstraint: (request: IncomingMessage): string | undefined => {
      const taker = this.#of(request);
      if (taker === 'nobody') return undefined;
      return taker === OWN ? OWN : CONFIGURED;
    },
    storage: () => new Map<string, unknown>(),
  };

  /** The route of the config that takes a request; undefined: it is the gateway's own to answer. */
  routeOf(request: IncomingMessage): Taker | undefined {
    const taker = this.#of(request);
    return typeof taker === 'object' ? taker : undefined;
  }

  /** Looked for once a request, whoever asks. */
  #of(request: IncomingMessage): Taker | typeof OWN | 'nobody' {
    const asking = request as Asking;
    asking[TAKER] ??=
      this.table.find(request.method ?? '', exchangeOf(request).path, request.headers) ?? 'nobody';
    return asking[TAKER];
  }

  /** Sees every route that is registered from now on: those that are not the config's are the gateway's own. */
  watch(app: FastifyInstance): void {
    app.addHook('onRoute', (options) => {
      const constraints = options.constraints as Record<string, unknown> | undefined;
      if (constraints?.taker !== undefined) return;
      options.constraints = { ...constraints, taker: OWN };
      for (const method of [options.method].flat()) this.add(method, options.url, OWN);
    });
  }

  /** @throws if all of the pattern is taken */
  add(method: string, pattern: string, taker: Taker | typeof OWN): void {
    const conditions = taker === OWN ? {} : taker.config.match;
    if (this.table.add(method, pattern, taker, conditions)) return;
    const name = taker === OWN ? '' : `route ${taker.config.name}: `;
    throw new Error(`${name}${method} ${pattern} is answered by the gateway itself: choose another path`);
  }

  /** The route that would take a request if it had another method. */
  withMethod(method: string, request: IncomingMessage): RouteConfig | undefined {
    const taker = this.table.find(method, exchangeOf(request).path, request.headers);
    return taker === undefined || taker === OWN || taker.isForPreflight ? undefined : taker.config;
  }

  /** The routes that would take a request but for its method, with the methods that they take. */
  otherMethods(request: IncomingMessage): { methods: string[]; routes: RouteConfig[] } {
    const methods: string[] = [];
    const routes: RouteConfig[] = [];
    for (const [method, taker] of this.table.findAll(exchangeOf(request).path, request.headers)) {
      if (taker !== OWN && taker.isForPreflight) continue;
      methods.push(method);
      if (taker !== OWN) routes.push(taker.config);
    }
    return { methods, routes };
  }
}
