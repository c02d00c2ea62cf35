import type { FastifyInstance } from 'fastify';
import { RESOURCE_METADATA } from '../../config/mcp-paths.ts';
import type { McpConfig } from '../../config/schema/index.ts';
import type { HeaderBag } from '../../contracts/policy.ts';

/** As servers may be called. Names that are not there are answered like others: who has no token learns none. */
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const KEPT_SECONDS = 3600;

/** Registers the metadata of the protected resources (RFC 9728), for everybody: one for each server, one for all. */
export function registerResourceMetadata(scope: FastifyInstance, config: McpConfig): void {
  const { resource, prefix } = config;
  if (!resource) return;
  const documentOf = (path: string): object => ({
    resource: new URL(path, resource.url).href,
    authorization_servers: resource.authorizationServers,
    ...(resource.scopes.length > 0 && { scopes_supported: resource.scopes }),
    bearer_methods_supported: ['header'],
    ...(resource.documentation !== undefined && { resource_documentation: resource.documentation }),
  });
  // Pages that are clients read it too (RFC 9728 says nothing of it; the package's own servers allow it).
  const headers = { 'access-control-allow-origin': '*', 'cache-control': `max-age=${KEPT_SECONDS}` };
  scope.get(RESOURCE_METADATA + prefix, (_request, reply) => reply.headers(headers).send(documentOf(prefix)));
  scope.get<{ Params: { server: string } }>(`${RESOURCE_METADATA}${prefix}/:server`, (request, reply) => {
    const { server } = request.params;
    if (!NAME.test(server)) {
      reply.callNotFound();
      return reply;
    }
    return reply.headers(headers).send(documentOf(`${prefix}/${server}`));
  });
}

/** Says in a 401 where its client finds out who issues tokens for what it asked for (RFC 9728, section 5.1). */
export function addResourceMetadata(headers: HeaderBag, path: string, { resource, prefix }: McpConfig): void {
  const challenge = headers['www-authenticate'];
  if (!resource || typeof challenge !== 'string') return;
  const name = path.slice(prefix.length + 1);
  const at = `${RESOURCE_METADATA}${prefix}${NAME.test(name) ? `/${name}` : ''}`;
  const said = `resource_metadata="${new URL(at, resource.url).href}"`;
  // Of `Bearer`, of `Bearer error="…"`, and beside a challenge of another kind.
  headers['www-authenticate'] = /\bBearer\b/.test(challenge)
    ? challenge.replace(
        /\bBearer( (?=[a-z]))?/,
        (_all, hasMore?: string) => `Bearer ${said}${hasMore ? ', ' : ''}`,
      )
    : `${challenge}, Bearer ${said}`;
}
