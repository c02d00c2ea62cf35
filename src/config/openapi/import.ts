import { pathFault, sameMatch } from '../checks/route-paths.ts';
import { Part } from '../part.ts';
import { isMap } from '../path.ts';
import { METHODS } from '../schema/routes.ts';
import { importOperation } from './import-operation.ts';
import { type OpenApiDocument, resolved } from './read-document.ts';
import { serverOf } from './server-of.ts';

/** A route as it is written into a configuration file. */
export interface ImportedRoute {
  name: string;
  match: { path: string; methods: string[] };
  upstream: string;
  policies: Record<string, unknown>[];
}

export interface Imported {
  config: { version: 1; upstreams: Record<string, { targets: { url: string }[] }>; routes: ImportedRoute[] };
  /** What of the document did not get in, and what is left to do, a sentence each. */
  notes: string[];
}

/**
 * A configuration with a route for each operation of a document, below the path of its first server. Schemas report:
 * what traffic and document disagree on is seen before anything is refused.
 *
 * @param upstream name of the upstream
 * @param now since when what the document calls deprecated is so
 */
export function importOpenApi(document: OpenApiDocument, upstream: string, now: Date): Imported {
  const notes: string[] = [];
  const server = serverOf(document, notes);
  const routes: ImportedRoute[] = [];
  const taken = new Set<string>();
  for (const [path, each] of Object.entries(isMap(document.paths) ? document.paths : {})) {
    const item = resolved(each, document);
    if (!isMap(item)) continue;
    const routePath = server.basePath + routePathOf(path);
    const fault = pathFault(routePath);
    if (fault !== undefined) {
      notes.push(`${path} is left out: ${fault}.`);
      continue;
    }
    for (const [key, operation] of Object.entries(item)) {
      const method = key.toUpperCase();
      if (key === 'trace') notes.push(`TRACE ${path} is left out: the gateway carries no TRACE.`);
      if (!isMap(operation) || !(METHODS as readonly string[]).includes(method)) continue;
      const same = `${method} ${sameMatch(new Part({ path: routePath }))}`;
      if (taken.has(same)) {
        notes.push(`${method} ${path} is left out: another path takes the same requests.`);
        continue;
      }
      taken.add(same);
      if (Array.isArray(operation.servers ?? item.servers))
        notes.push(
          `${method} ${path} has servers of its own, which are not taken: it goes to ${server.origin}.`,
        );
      routes.push({
        name: nameOf(operation.operationId, method, path, routes),
        match: { path: routePath, methods: [method] },
        upstream,
        policies: importOperation(operation, item.parameters, document, now),
      });
    }
  }
  if (routes.some(({ policies }) => policies.some((policy) => 'lifecycle' in policy)))
    notes.push(
      'The document does not say since when operations are deprecated: the time of this import stands in.',
    );
  if ('security' in document || JSON.stringify(document.paths ?? {}).includes('"security":'))
    notes.push('The document asks for authentication: add a policy, or these routes are open to anyone.');
  return {
    config: { version: 1, upstreams: { [upstream]: { targets: [{ url: server.origin }] } }, routes },
    notes,
  };
}

/** `/users/{user-id}` → `/users/{user_id}`: parameters have names of letters, digits and `_`. */
const routePathOf = (path: string): string =>
  path.replace(/\{([^{}/]*)\}/g, (_text, name: string) => {
    const plain = name.replace(/[^A-Za-z0-9_]/g, '_');
    return `{${/^[A-Za-z_]/.test(plain) ? plain : `_${plain}`}}`;
  });

function nameOf(
  operationId: unknown,
  method: string,
  path: string,
  routes: readonly ImportedRoute[],
): string {
  const wanted = typeof operationId === 'string' ? operationId : `${method.toLowerCase()}${path}`;
  const plain = wanted.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+|-+$/g, '');
  const base = plain.slice(0, 60) || method.toLowerCase();
  let name = base;
  for (let i = 2; routes.some((route) => route.name === name); i++) name = `${base}-${i}`;
  return name;
}
