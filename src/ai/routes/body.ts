import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors/gateway-error.ts';

/** The body of a call, as the bytes that came. */
export function bodyOf({ headers, body }: FastifyRequest): Buffer {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw new GatewayError('media_type_unsupported', { detail: 'It must not be compressed.' });
  if (!Buffer.isBuffer(body)) throw new GatewayError('body_malformed', { detail: 'It is empty.' });
  return body;
}
