import type { Steps } from '../lib/slices.ts';
import { asksForMore, type Guards, type Protected } from './guards.ts';

/** Routes of one set of methods and of guards: of each there is one here. */
type Kinds = Map<string, Protected>;

/**
 * Many servers take a POST for the method that X-HTTP-Method-Override names. Where routes are split by method, that is a
 * way around those of `DELETE /orders/*` through `POST /orders/*`: what asks for a method with which a route that asks for
 * more would take it is ambiguous. Only a route beside which there can be such a one looks for these fields.
 *
 * @returns the names of those that look
 */
export function* otherMethods(routes: readonly Protected[], guards: Guards): Steps<ReadonlySet<string>> {
  const all: Kinds = new Map();
  const wide: Kinds = new Map();
  const below = new Map<string, Kinds>();
  for (const route of routes) {
    const kind = `${methodsOf(route)} ${[...(guards.get(route.name) ?? [])].sort().join()}`;
    const first = firstSegment(route);
    all.set(kind, route);
    if (first === undefined) wide.set(kind, route);
    else below.set(first, (below.get(first) ?? new Map()).set(kind, route));
    yield;
  }
  const looking = new Set<string>();
  for (const route of routes) {
    const first = firstSegment(route);
    const beside = first === undefined ? [all] : [wide, below.get(first) as Kinds];
    const asksMore = (other: Protected): boolean =>
      methodsOf(other) !== methodsOf(route) && asksForMore(guards, other.name, route.name);
    if (beside.some((kinds) => kinds.values().some(asksMore))) looking.add(route.name);
    yield;
  }
  return looking;
}

const methodsOf = ({ match }: Protected): string => match.methods.toSorted().join();

/** That of all paths of a route; undefined where it may be any. */
function firstSegment({ match }: Protected): string | undefined {
  const [, first = ''] = match.path.split('/', 2);
  return /^[:{*]/.test(first) ? undefined : first;
}
