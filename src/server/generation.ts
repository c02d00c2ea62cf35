import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import fastify from 'fastify';
import type { ErrorShape } from '../contracts/exchange.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { exchangeOf, type LiveExchange } from '../record/exchange.ts';
import type { Logger } from '../telemetry/logger.ts';
import { sendError } from './answer-error.ts';
import { PlainRequests } from './plain-requests.ts';
import type { Takers } from './takers.ts';
import type { Trust } from './trust.ts';

/** What a config revision needs to become an app. */
export interface GenerationPlan {
  /** Bytes. */
  bodyLimit: number;
  log: Logger;
  /** Who takes a request. Complete once the plan is built. */
  takers: Takers;
  /** Whether requests of the config's routes may do without Fastify. */
  servesPlainly: boolean;
  /** Registers the routes. */
  build(app: FastifyInstance): Promise<void>;
  /** Which methods the path has, for a 405; none for a 404. */
  allowedMethods(exchange: LiveExchange, request: IncomingMessage): readonly string[];
  /** The shape of errors before any route: by the path. */
  errorShape(path: string): ErrorShape;
  trust: Trust;
  /** It serves from now on: what outlives generations goes by it. Until then it changes nothing. */
  serve(): void;
  /** Lets go of what the generation leased. */
  dispose(): void | Promise<void>;
}

/**
 * One config revision, built: a Fastify app that never listens. The listener routes requests into it until a newer one
 * takes over; it is disposed of when its last request has ended or the drain time is over. Disposing cuts nothing:
 * what still runs then (a stream of hours) runs on to its end.
 */
export class Generation {
  /** Given when it is put into service. */
  revision = 0;
  readonly #plan: GenerationPlan;
  readonly #app: FastifyInstance;
  readonly #plain: PlainRequests | undefined;
  #inFlight = 0;
  #retired: (() => void) | undefined;
  #disposed: Promise<void> | undefined;

  private constructor(plan: GenerationPlan, app: FastifyInstance, plain: PlainRequests | undefined) {
    this.#plan = plan;
    this.#app = app;
    this.#plain = plain;
  }

  /** @throws whatever a plugin or a route says against the config; nothing of it is left behind then */
  static async build(plan: GenerationPlan): Promise<Generation> {
    const app = fastify({
      // Never listens: the process's own server hands requests to `routing`.
      serverFactory: (handler): Server => createServer(handler),
      logger: false,
      exposeHeadRoutes: false,
      bodyLimit: plan.bodyLimit,
      // A parameter is as long as a path may be; the head's limit is the listener's.
      routerOptions: {
        maxParamLength: 64 * 1024,
        constraints: { taker: plan.takers.strategy as never },
      },
      frameworkErrors: (error, request, reply) => sendError(error, request, reply, () => undefined),
    });
    const onInternal = (error: GatewayError, exchange: LiveExchange): void => {
      plan.log.error(
        { err: error.cause, request_id: exchange.id, route: exchange.route },
        'request failed in the gateway',
      );
    };
    app.removeAllContentTypeParsers();
    app.setErrorHandler((error, request, reply) => sendError(error, request, reply, onInternal));
    app.setNotFoundHandler((request, reply) => {
      const exchange = exchangeOf(request.raw);
      const allowed = plan.allowedMethods(exchange, request.raw);
      const error =
        allowed.length > 0
          ? new GatewayError('method_not_allowed', { headers: { allow: allowed.join(', ') } })
          : new GatewayError('route_not_found');
      sendError(error, request, reply, onInternal);
    });
    plan.takers.watch(app);
    try {
      await plan.build(app);
      await app.ready();
    } catch (error) {
      await app.close();
      await plan.dispose();
      throw error;
    }
    const plain = plan.servesPlainly ? new PlainRequests({ takers: plan.takers, onInternal }) : undefined;
    return new Generation(plan, app, plain);
  }

  errorShape(path: string): ErrorShape {
    return this.#plan.errorShape(path);
  }

  get trust(): Trust {
    return this.#plan.trust;
  }

  /** Before its first request. One that is only tried out never comes here. */
  serve(revision: number): void {
    this.revision = revision;
    this.#plan.serve();
  }

  /** Counts a request in; the listener counts it out with `left`. */
  entered(): void {
    this.#inFlight++;
  }

  left(): void {
    this.#inFlight--;
    if (this.#inFlight === 0) this.#retired?.();
  }

  route(request: IncomingMessage, response: ServerResponse): void {
    if (!this.#plain?.serve(request, response)) this.#app.routing(request, response);
  }

  /**
   * No request comes any more.
   * @param drainMs how long requests in flight may keep it
   * @returns when it has been disposed of
   */
  async retire(drainMs: number): Promise<void> {
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, drainMs);
        timer.unref();
        this.#retired = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    await this.dispose();
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#app.close().then(() => this.#plan.dispose());
    return this.#disposed;
  }
}
