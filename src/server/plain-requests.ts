import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HeaderBag, PolicyReply, Verdict } from '../contracts/policy.ts';
import type { GatewayError } from '../errors/gateway-error.ts';
import { serveRequest } from '../proxy/route.ts';
import type { RouteReply } from '../proxy/route-reply.ts';
import { isUpgrade } from '../proxy/websocket.ts';
import { exchangeOf, type LiveExchange } from '../record/exchange.ts';
import { writeError } from './answer-error.ts';
import { ambiguityOf, checkMediaType } from './read-otherwise.ts';
import type { Served, Takers } from './takers.ts';

export interface PlainRequestsPorts {
  takers: Takers;
  /** An answer was made of what the operator has to hear of. */
  onInternal(error: GatewayError, exchange: LiveExchange): void;
}

/**
 * Serves requests of the config's routes without Fastify, whose router would look for a route that is known already, and
 * whose request and reply nobody asks for what only they have. The same gate, policies, errors and records as there.
 */
export class PlainRequests {
  readonly #ports: PlainRequestsPorts;

  constructor(ports: PlainRequestsPorts) {
    this.#ports = ports;
  }

  /** @returns whether it sees to the request; else Fastify has to */
  serve(request: IncomingMessage, response: ServerResponse): boolean {
    // Preflights, WebSockets and what HTTP/2 does otherwise are few.
    if (request.method === 'OPTIONS' || request.httpVersionMajor !== 1 || isUpgrade(request)) return false;
    const taker = this.#ports.takers.routeOf(request);
    if (!taker) return false;
    const { served } = taker;
    const reply = new PlainReply(request, response, served, this.#ports);
    try {
      this.#enter(request, served, reply);
    } catch (error) {
      reply.send(error);
    }
    return true;
  }

  #enter(request: IncomingMessage, served: Served, reply: PlainReply): void {
    const exchange = exchangeOf(request);
    const { route, gate, chain } = served;
    exchange.route = route.name;
    exchange.routeVersion = route.version;
    exchange.shape = 'problem';
    const { headers, method = '' } = request;
    const verdict =
      ambiguityOf(served, request, exchange.path) ??
      gate.enter(exchange) ??
      chain.onRequest(exchange, { raw: request, headers, method, exchange }, reply);
    if (verdict instanceof Promise)
      verdict.then((refusal) => reply.goOn(refusal)).catch((error: unknown) => reply.send(error));
    else reply.goOn(verdict);
  }
}

/** The answer to one request, as policies and the route see it. */
class PlainReply implements PolicyReply, RouteReply {
  readonly raw: ServerResponse;
  readonly #request: IncomingMessage;
  readonly #served: Served;
  readonly #ports: PlainRequestsPorts;
  #headers: HeaderBag | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, served: Served, ports: PlainRequestsPorts) {
    this.raw = response;
    this.#request = request;
    this.#served = served;
    this.#ports = ports;
  }

  getHeader(name: string): HeaderBag[string] {
    return this.#headers?.[name];
  }

  /** @param name in lower case */
  header(name: string, value: string): void {
    this.#headers ??= {};
    this.#headers[name] = value;
  }

  getHeaders(): Readonly<HeaderBag> {
    return this.#headers ?? NONE;
  }

  hijack(): void {
    // Nobody else would answer here.
  }

  /** @throws GatewayError that is to be the answer */
  goOn(refusal: Verdict): void {
    if (refusal) {
      this.send(refusal);
      return;
    }
    // Answered meanwhile, or its client has left.
    if (this.raw.writableEnded || exchangeOf(this.#request).ended) return;
    checkMediaType(this.#request);
    serveRequest(this.#served.route, this.#request, this);
  }

  send(error: unknown): void {
    writeError(error, this.#request, this, {
      policies: this.#served.chain,
      onInternal: this.#ports.onInternal,
    });
  }
}

const NONE: Readonly<HeaderBag> = Object.freeze({});
