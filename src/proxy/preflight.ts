import type { Steps } from '../lib/slices.ts';
import type { Conditions } from './conditions.ts';
import { type Matched, type Place, placing } from './paths.ts';

/** A route whose policies are known by name. */
export interface Guarded extends Matched {
  policies: readonly Readonly<Record<string, unknown>>[];
}

/** Whether a route answers preflights. */
export const answersPreflight = ({ policies }: Guarded): boolean =>
  policies.some((policy) => 'cors' in policy);

/** Whether a route, as it stands in a place, is there for preflights only. */
export const isForPreflight = ({ match }: { match: Conditions }): boolean => match.preflightFor !== undefined;

/**
 * Every place that the routes have in the router, with those of preflights. A preflight belongs to the route that would
 * take the request it asks about, whatever methods that route lists; one for a route without CORS has to find that out
 * (405) and not a wider route that would allow it. Where no route has CORS there is nothing of all this.
 */
export function* placingWithPreflights<R extends Guarded>(routes: readonly R[]): Steps<Place<R>[]> {
  const places = yield* placing(routes);
  if (!routes.some(answersPreflight)) return places;
  const isOptions = ({ methods }: Place<R>): boolean => methods.includes('OPTIONS');
  const byPattern = Map.groupBy(places, ({ pattern }) => pattern);
  const preflights: Place<R>[] = [];
  for (const [pattern, here] of byPattern) {
    const own = here.find(isOptions)?.routes ?? [];
    const asked = here.flatMap(({ methods, routes: sharing }) =>
      methods.flatMap((method) =>
        sharing
          // A route without CORS that takes OPTIONS hands preflights to its upstream.
          .filter((route) => answersPreflight(route) || own.length === 0)
          .map((route) => ({ ...route, match: { ...route.match, preflightFor: method } })),
      ),
    );
    preflights.push({ pattern, methods: ['OPTIONS'], routes: [...asked, ...own] });
    yield;
  }
  const rest = places
    .map((place) => ({ ...place, methods: place.methods.filter((method) => method !== 'OPTIONS') }))
    .filter(({ methods }) => methods.length > 0);
  return [...rest, ...preflights];
}
