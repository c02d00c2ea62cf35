import type { IncomingHttpHeaders } from 'node:http';
import type { Conditions } from './conditions.ts';
import { unmetCondition } from './conditions.ts';

/** What of a route decides which requests are its own. */
export interface Matched {
  match: Conditions & { path: string; methods: readonly string[] };
}

/** `/users/{id}` → `/users/:id` */
function parameters(path: string): string {
  return path
    .split('/')
    .map((segment) =>
      segment.startsWith('{') && segment.endsWith('}') ? `:${segment.slice(1, -1)}` : segment,
    )
    .join('/');
}

const sameConditions = (a: Conditions, b: Conditions): boolean =>
  a.host === b.host && JSON.stringify(a.headers ?? {}) === JSON.stringify(b.headers ?? {});

/**
 * The router's patterns of a route, each with its methods. `/api/*` is `/api` and everything below it, so that a policy
 * on `/admin/*` can't be walked around by leaving the slash out; a route of its own for `/api` goes before.
 */
export function routerPaths(
  route: Matched,
  all: readonly Matched[],
): { pattern: string; methods: string[] }[] {
  const pattern = parameters(route.match.path);
  const own = { pattern, methods: [...route.match.methods] };
  if (!pattern.endsWith('/*') || pattern === '/*') return [own];
  const bare = pattern.slice(0, -2);
  const taken = all.filter(
    ({ match }) => parameters(match.path) === bare && sameConditions(match, route.match),
  );
  const methods = own.methods.filter((method) => !taken.some(({ match }) => match.methods.includes(method)));
  return methods.length > 0 ? [{ pattern: bare, methods }, own] : [own];
}

/** Whether a path is one of a pattern's, read segment by segment: for people and for 405, not for routing. */
export function pathMatches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  for (let i = 0; i < wanted.length; i++) {
    const segment = wanted[i] as string;
    if (segment === '*') return given.length >= i;
    const value = given[i];
    if (value === undefined) return false;
    const isParameter = segment.startsWith(':') || segment.startsWith('{');
    if (isParameter ? value === '' : value !== segment) return false;
  }
  return wanted.length === given.length;
}

/** The methods that routes have for a path under a request's other conditions. */
export function methodsOfPath(
  routes: readonly Matched[],
  path: string,
  headers: IncomingHttpHeaders,
): string[] {
  const matching = routes.filter(
    ({ match }) => pathMatches(match.path, path) && unmetCondition(match, headers) === null,
  );
  return [...new Set(matching.flatMap(({ match }) => match.methods))];
}
