import { isParameter } from '../lib/path-pattern.ts';
import { atOnce, type Steps } from '../lib/slices.ts';
import { type Conditions, conditionsKey, demand } from './conditions.ts';

/** What of a route decides which requests are its own. */
export interface Matched {
  match: Conditions & { path: string; methods: readonly string[] };
}

/** A pattern of the router with some methods, and the routes that share it: the one that asks for most stands first. */
export interface Place<R extends Matched> {
  pattern: string;
  methods: string[];
  routes: R[];
}

/** `/users/{id}` → `/users/:p2`: by place, so that a parameter's name makes no difference. */
function routerPattern(path: string): string {
  return path
    .split('/')
    .map((segment, i) => (isParameter(segment) ? `:p${i}` : segment))
    .join('/');
}

/**
 * The patterns of a route, each with its methods. `/api/*` is `/api` and everything below it, so that a policy on
 * `/admin/*` can't be walked around by leaving the slash out; a route of its own for `/api` goes before.
 */
function patternsOf(
  route: Matched,
  taken: (bare: string, conditions: string) => ReadonlySet<string>,
): { pattern: string; methods: readonly string[] }[] {
  const pattern = routerPattern(route.match.path);
  const own = { pattern, methods: route.match.methods };
  if (!pattern.endsWith('/*') || pattern === '/*') return [own];
  const bare = pattern.slice(0, -2);
  const others = taken(bare, conditionsKey(route.match));
  const methods = own.methods.filter((method) => !others.has(method));
  return methods.length > 0 ? [{ pattern: bare, methods }, own] : [own];
}

/** The methods that routes have at exactly a pattern, under the same conditions. */
function* methodsTaken(
  routes: readonly Matched[],
): Steps<(pattern: string, conditions: string) => ReadonlySet<string>> {
  const methods = new Map<string, Set<string>>();
  const keyOf = (pattern: string, conditions: string): string => `${pattern} ${conditions}`;
  for (const { match } of routes) {
    const key = keyOf(routerPattern(match.path), conditionsKey(match));
    const here = methods.get(key) ?? new Set();
    methods.set(key, here);
    for (const method of match.methods) here.add(method);
    yield;
  }
  return (pattern, conditions) => methods.get(keyOf(pattern, conditions)) ?? NONE;
}

const NONE: ReadonlySet<string> = new Set();

/** Every place that the routes have in the router, each once. */
export const placesOf = <R extends Matched>(routes: readonly R[]): Place<R>[] => atOnce(placing(routes));

/** The same step by step. In time that grows with the number of routes, not its square. */
export function* placing<R extends Matched>(routes: readonly R[]): Steps<Place<R>[]> {
  const taken = yield* methodsTaken(routes);
  const byMethod = new Map<string, { pattern: string; method: string; routes: R[] }>();
  for (const route of routes) {
    for (const { pattern, methods } of patternsOf(route, taken)) {
      for (const method of methods) {
        const key = `${method} ${pattern}`;
        const place = byMethod.get(key) ?? { pattern, method, routes: [] };
        place.routes.push(route);
        byMethod.set(key, place);
      }
    }
    yield;
  }
  const places: Place<R>[] = [];
  const byPattern = new Map<string, Place<R>[]>();
  for (const { pattern, method, routes: sharing } of byMethod.values()) {
    sharing.sort((a, b) => demand(b.match) - demand(a.match));
    const here = byPattern.get(pattern) ?? [];
    byPattern.set(pattern, here);
    const same = here.find(
      (place) =>
        place.routes.length === sharing.length && place.routes.every((route, i) => route === sharing[i]),
    );
    if (same) same.methods.push(method);
    else {
      const place = { pattern, methods: [method], routes: sharing };
      here.push(place);
      places.push(place);
    }
    yield;
  }
  return places;
}
