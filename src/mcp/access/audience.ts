import type { McpConfig } from '../../config/schema/index.ts';
import type { Exchange } from '../../contracts/exchange.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { addResourceMetadata } from './resource-metadata.ts';

/**
 * Keeps a token to the resource that it was issued for (RFC 8707, RFC 9728): each server is one, and all together are another.
 * `auth-jwt` has checked that it is for this gateway; a token whose audience names none of its resources is for all of them.
 * @throws GatewayError `auth_token_invalid`: it names another of them
 */
export function checkAudience(
  { consumerClaims, path }: Pick<Exchange, 'consumerClaims' | 'path'>,
  config: McpConfig,
): void {
  const { resource, prefix } = config;
  const audience = consumerClaims.aud;
  if (!resource || !audience) return;
  const all = new URL(prefix, resource.url).href;
  const named = audience.filter((each) => each === all || each.startsWith(`${all}/`));
  if (named.length === 0 || named.includes(new URL(path, resource.url).href)) return;
  const headers = { 'www-authenticate': 'Bearer error="invalid_token"' };
  addResourceMetadata(headers, path, config);
  throw new GatewayError('auth_token_invalid', {
    headers,
    cause: new Error('the token is for another server of this gateway'),
  });
}
