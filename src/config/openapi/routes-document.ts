import type { GatewayConfig } from '../schema/index.ts';
import { PathTemplates } from './path-templates.ts';
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
  const templates = new PathTemplates();
  for (const route of config.routes) {
    const { path, parameters } = templates.of(route.match.path);
    const item = Object.hasOwn(paths, path) ? (paths[path] as PathItem) : {};
    paths[path] = item;
    for (const method of route.match.methods)
      addOperation(item, method, operationOf(route, method, parameters, about.now));
  }
  return {
    openapi: '3.1.1',
    info: { title: 'Routes of this gateway', version: about.version },
    paths,
    components: { securitySchemes: securityOf(config.routes.flatMap(({ policies }) => policies)) },
  };
}

function addOperation(item: PathItem, method: string, operation: Operation): void {
  const first = item[method.toLowerCase()];
  if (first === undefined) item[method.toLowerCase()] = operation;
  else first['x-variants'] = [...(first['x-variants'] ?? []), operation];
}
