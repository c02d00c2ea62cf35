import type { CachedAnswer } from '../../src/contracts/cache.ts';
import type { HeaderBag } from '../../src/contracts/policy.ts';
import { directiveMs, directivesOf, secondsOf } from './cache-control.ts';

/** How long an answer may be given, in milliseconds of its age. */
export interface Lifetime {
  /** Until then it is fresh. */
  freshMs: number;
  /** Past that, until then, it is given while a new one is fetched. */
  revalidateMs: number;
  /** Past that, until then, it stands in for an upstream that fails. */
  ifErrorMs: number;
}

/** What the route says where the answer itself says nothing. */
export interface Defaults {
  ttlMs: number;
  staleWhileRevalidateMs: number;
  staleIfErrorMs: number;
}

const timeOf = (value: HeaderBag[string]): number => Date.parse(String(value));

/** RFC 9111 section 4.2.1, RFC 5861. Stale use that the answer forbids (section 4.2.4) is no use at all. */
export function lifetimeOf(headers: HeaderBag, receivedAt: number, defaults: Defaults): Lifetime {
  const directives = directivesOf(headers['cache-control']);
  const freshMs = directives.has('no-cache') ? 0 : freshnessOf(headers, receivedAt, defaults.ttlMs);
  const mayBeStale = !(
    directives.has('no-cache') ||
    directives.has('must-revalidate') ||
    directives.has('proxy-revalidate') ||
    directives.has('s-maxage')
  );
  const stale = (name: string, otherwise: number): number =>
    mayBeStale ? freshMs + (directiveMs(directives, name) ?? otherwise) : 0;
  return {
    freshMs,
    revalidateMs: stale('stale-while-revalidate', defaults.staleWhileRevalidateMs),
    ifErrorMs: stale('stale-if-error', defaults.staleIfErrorMs),
  };
}

function freshnessOf(headers: HeaderBag, receivedAt: number, ttlMs: number): number {
  const directives = directivesOf(headers['cache-control']);
  const said = directiveMs(directives, 's-maxage') ?? directiveMs(directives, 'max-age');
  if (said !== undefined) return said;
  if (headers.expires === undefined) return ttlMs;
  const date = timeOf(headers.date);
  const expires = timeOf(headers.expires);
  // `Expires: 0` and the like: a date that is none has passed.
  return Number.isNaN(expires) ? 0 : Math.max(0, expires - (Number.isNaN(date) ? receivedAt : date));
}

/** Milliseconds since the origin made or last confirmed the answer (RFC 9111 section 4.2.3). */
export function ageOf({ headers, requestedAt, receivedAt }: CachedAnswer, now: number): number {
  const date = timeOf(headers.date);
  const apparent = Number.isNaN(date) ? 0 : Math.max(0, receivedAt - date);
  const told = (secondsOf(headers.age === undefined ? undefined : String(headers.age)) ?? 0) * 1000;
  return Math.max(apparent, told + (receivedAt - requestedAt)) + Math.max(0, now - receivedAt);
}
