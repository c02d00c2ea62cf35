import type { ServerResponse } from 'node:http';
import type { HeaderBag } from '../contracts/policy.ts';

/** What a route answers through: Fastify's reply, or what stands in its place. */
export interface RouteReply {
  readonly raw: ServerResponse;
  /** What policies have set. */
  getHeaders(): Readonly<HeaderBag>;
  /** Who asks answers by itself. */
  hijack(): unknown;
  /** @param error that is to be the answer */
  send(error: unknown): unknown;
}
