import type { GatewayConfig, RouteConfig } from '../schema/index.ts';
import { type Operation, operationOf } from './route-operation.ts';
import { securityOf } from './security.ts';

type PathItem = Record<string, Operation>;

/** An OpenAPI 3.1 document. */
export interface RoutesDocument {
  openapi: '3.1.1';
  info: { title: string; version: string };
  paths: Record<string, PathItem>;
  components: { securitySchemes: ReturnType<typeof securityOf> };
}

/**
 * The API routes of a configuration as OpenAPI 3.1: for people who call them and for tools that make clients. What a
 * route says nothing about (its bodies, say) is left open. OpenAPI knows one operation a path and method: routes that
 * differ by host or header only stand under `x-variants` of the first.
 *
 * @param now milliseconds since the epoch: what is deprecated by then is
 */
export function routesDocument(
  config: GatewayConfig,
  about: { version: string; now: number },
): RoutesDocument {
  const paths: Record<string, PathItem> = {};
  for (const route of config.routes) {
    const path = openApiPath(route.match.path);
    const item = Object.hasOwn(paths, path) ? (paths[path] as PathItem) : {};
    paths[path] = item;
    for (const method of route.match.methods) addOperation(item, route, method, about.now);
  }
  return {
    openapi: '3.1.1',
    info: { title: 'Routes of this gateway', version: about.version },
    paths,
    components: { securitySchemes: securityOf(config.routes.flatMap(({ policies }) => policies)) },
  };
}

function addOperation(item: PathItem, route: RouteConfig, method: string, now: number): void {
  const operation = operationOf(route, method, now);
  const first = item[method.toLowerCase()];
  if (first === undefined) item[method.toLowerCase()] = operation;
  else first['x-variants'] = [...(first['x-variants'] ?? []), operation];
}

/** `/users/:id/*` → `/users/{id}/{path}`: OpenAPI has no way to say "and everything below". */
function openApiPath(path: string): string {
  return path
    .split('/')
    .map((segment) =>
      segment.startsWith(':') ? `{${segment.slice(1)}}` : segment === '*' ? '{path}' : segment,
    )
    .join('/');
}
