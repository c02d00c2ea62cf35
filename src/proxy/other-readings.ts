import type { Slot } from '../contracts/policy.ts';
import { isOddPath, lenientPath } from '../lib/lenient-path.ts';
import type { Steps } from '../lib/slices.ts';
import { asksForMore, guardsOf, type Protected } from './guards.ts';
import { placing } from './paths.ts';
import { RouteTable } from './route-table.ts';

/** Whether a server might read a path, as it is forwarded, as one of a route that asks for more. */
export type IsAmbiguous = (path: string) => boolean;

/**
 * Paths are matched as RFC 3986 reads them, and servers are more lenient (`lenientPath`). Beside a wider route with fewer
 * policies each other reading is a way around those of `/admin/*`. So a path that was taken by one route is read once more in
 * the most lenient way; if that leads to a route with a policy of admission that the first has not, it is ambiguous.
 *
 * @param slotOf where a policy stands, by its name
 * @returns what tells it for a route, by its name; undefined for a route that nobody can be let in by
 */
export function* otherReadings(
  routes: readonly Protected[],
  slotOf: (policy: string) => Slot | undefined,
): Steps<(route: string) => IsAmbiguous | undefined> {
  const guards = yield* guardsOf(routes, slotOf);
  const all = new Set([...guards.values()].flatMap((each) => [...each]));
  if (routes.every(({ name }) => guards.get(name)?.size === all.size)) return () => undefined;
  const find = yield* lenientRouter(routes);
  return (name) => {
    if (guards.get(name)?.size === all.size) return undefined;
    return (path) => {
      if (!isOddPath(path)) return false;
      const others = find(lenientPath(path));
      if (others.includes(name)) return false;
      return others.some((other) => asksForMore(guards, other, name));
    };
  };
}

/** The names of the routes at a path, whatever method, host or headers they ask for. */
function* lenientRouter(routes: readonly Protected[]): Steps<(path: string) => readonly string[]> {
  const names = new Map<string, Set<string>>();
  for (const { pattern, routes: sharing } of yield* placing(routes)) {
    const read = lenientPath(pattern);
    const here = names.get(read) ?? new Set();
    names.set(read, here);
    for (const { name } of sharing) here.add(name);
    yield;
  }
  const table = new RouteTable<readonly string[]>();
  for (const [pattern, here] of names) {
    table.add(ANY, pattern, [...here]);
    yield;
  }
  return (path) => table.find(ANY, path, {}) ?? [];
}

/** In the place of every method. */
const ANY = '';
