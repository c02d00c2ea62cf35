import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../errors/gateway-error.ts';

/**
 * What Node's parser lets pass and somebody behind us might read in another way (RFC 9112 section 6.1): codings besides
 * `chunked`, which are taken off with the header that names them; a coding in HTTP/1.0, which has none; other versions.
 * @throws GatewayError `request_malformed`
 */
export function checkFraming(request: IncomingMessage): void {
  const coding = request.headers['transfer-encoding'];
  if (request.httpVersion === '1.1') {
    if (coding === undefined || coding.toLowerCase() === 'chunked') return;
  } else if (request.httpVersion === '1.0' && coding === undefined) return;
  throw new GatewayError('request_malformed');
}
