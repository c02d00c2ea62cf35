import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { GatewayError } from '../errors/gateway-error.ts';
import type { LiveExchange } from '../record/exchange.ts';
import { errorAnswer } from './answer-error.ts';
import { answerGrpcError } from './grpc.ts';
import { Http2Request } from './http2-request.ts';

/**
 * Answers a request that reached no route. A connection of HTTP/1.1 ends: what it sent can't be trusted to be what it
 * seems. In HTTP/2 a stream is nobody else's.
 */
export function refuse(error: GatewayError, exchange: LiveExchange, response: ServerResponse): void {
  if (exchange.isGrpc) {
    answerGrpcError(error, exchange, response);
    return;
  }
  const { status, headers, body } = errorAnswer(error, exchange);
  // What HTTP/1.1 sent may say that it is of another version.
  if (!(response.req instanceof Http2Request)) headers.connection = 'close';
  response.writeHead(status, headers as OutgoingHttpHeaders).end(body);
}
