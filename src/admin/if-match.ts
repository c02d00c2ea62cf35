import { GatewayError } from '../errors/gateway-error.ts';

/**
 * The condition of `If-Match` (RFC 9110, section 13.1.1): entity tags of which one must be the current one, or `*`.
 *
 * @throws GatewayError precondition_missing: without it two operators could overwrite each other's change
 */
export function ifMatch(header: string | undefined): (etag: string) => boolean {
  if (header === undefined || header.trim() === '') throw new GatewayError('precondition_missing');
  const tags = header.split(',').map((tag) => tag.trim());
  return (etag) => tags.includes('*') || tags.includes(etag);
}
