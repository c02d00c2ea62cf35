import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { GatewayError } from '../errors/gateway-error.ts';
import type { LiveExchange } from '../record/exchange.ts';
import { errorAnswer } from './answer-error.ts';

/** Answers a request that reached no route. The connection ends: what it sent can't be trusted to be what it seems. */
export function refuse(error: GatewayError, exchange: LiveExchange, response: ServerResponse): void {
  const answer = errorAnswer(error, exchange);
  response
    .writeHead(answer.status, { ...answer.headers, connection: 'close' } as OutgoingHttpHeaders)
    .end(answer.body);
}
