import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { RouteConfig } from '../config/schema/index.ts';
import type { IsAmbiguous } from '../proxy/other-readings.ts';
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

/** Who takes a request: a route of the config. */
export interface Taker {
  readonly config: RouteConfig;
  readonly served: Gated;
  /** It would take the request that a preflight asks about, and not the preflight itself. */
  readonly isForPreflight: boolean;
}

/** What the gateway answers itself: models, MCP servers, feedback. */
const OWN = 'own';
/** How Fastify knows a route of ours from what the config says. */
export const CONFIGURED = 'configured';

const TAKER = Symbol('hypercare.taker');

type Asking = IncomingMessage & { [TAKER]?: Taker };

/** The route that takes a request; undefined on those that the gateway answers itself. */
export const takerOf = (request: IncomingMessage): Taker | undefined => (request as Asking)[TAKER];

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
      const { method = '', headers } = request;
      const taker = this.table.find(method, exchangeOf(request).path, headers);
      if (taker === undefined || taker === OWN) return taker;
      (request as Asking)[TAKER] = taker;
      return CONFIGURED;
    },
    storage: () => new Map<string, unknown>(),
  };

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
