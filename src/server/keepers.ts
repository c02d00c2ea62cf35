import type { RouteConfig } from '../config/schema/index.ts';

/** A route that keeps answers, and the entry of its policies that says how. */
interface Keeper {
  readonly name: string;
  readonly cache: RouteConfig['policies'][number];
}

/**
 * Finds the route that keeps the answers which changes through another make wrong (RFC 9111 section 4.4): one of the same
 * path, where reads and writes are two routes. Its cache stands around the writes, too, and keeps nothing of them.
 */
export function keepersOf(routes: readonly RouteConfig[]): (route: RouteConfig) => Keeper | undefined {
  const keepers = new Map<string, Keeper>();
  for (const { name, match, policies } of routes) {
    const cache = cacheOf(policies);
    if (cache && !keepers.has(placeOf(match))) keepers.set(placeOf(match), { name, cache });
  }
  return ({ match, policies }) =>
    match.methods.some((method) => READS.has(method)) || cacheOf(policies)
      ? undefined
      : keepers.get(placeOf(match));
}

const placeOf = ({ host = '', path }: RouteConfig['match']): string => `${host} ${path}`;

const READS = new Set(['GET', 'HEAD']);
const CACHE = 'response-cache';

function cacheOf(policies: RouteConfig['policies']): RouteConfig['policies'][number] | undefined {
  const settings = policies.find((entry) => Object.hasOwn(entry, CACHE))?.[CACHE];
  return settings === undefined ? undefined : { [CACHE]: settings };
}
