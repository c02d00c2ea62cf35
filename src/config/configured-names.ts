import type { GatewayConfig } from './schema/index.ts';

/**
 * The names that the config gives, whatever they name: in a metric or a signal none of them makes way for what clients
 * send (a token's subject, a model's name).
 */
export function configuredNames({
  consumers,
  routes,
  upstreams,
  ai,
  mcp,
}: Pick<GatewayConfig, 'consumers' | 'routes' | 'upstreams' | 'ai' | 'mcp'>): ReadonlySet<string> {
  const targets = Object.values(ai.models).flatMap((model) => model.targets ?? []);
  return new Set([
    ...consumers.flatMap(({ name, groups, keys }) => [
      name,
      ...groups,
      ...keys.map(({ id }) => `${name}/${id}`),
    ]),
    ...routes.map(({ name }) => name),
    ...[upstreams, ai.models, ai.providers, mcp.servers].flatMap((each) => Object.keys(each)),
    ...targets.map(({ provider, model }) => `${provider}/${model}`),
  ]);
}
