import type { Exchange } from '../../src/contracts/exchange.ts';

/** Whether a rule is about a request. */
export type Scope = (exchange: Exchange) => boolean;

/**
 * A rule that is limited to methods or paths must not be walked around by another spelling of the same request, so in
 * doubt it applies: HEAD counts as GET, paths are compared without case, escapes and path parameters (`;x=1`, which
 * servlet containers take out).
 *
 * @param methods upper case; undefined = all
 * @param paths prefixes of whole segments; undefined = all
 */
export function scopeOf(methods: readonly string[] | undefined, paths: readonly string[] | undefined): Scope {
  const named = methods && new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods);
  const prefixes = paths?.map((path) => withoutSlash(path.toLowerCase()));
  return ({ method, path }) =>
    (named === undefined || named.has(method)) && (prefixes === undefined || isBelow(path, prefixes));
}

const withoutSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path);

function isBelow(path: string, prefixes: readonly string[]): boolean {
  if (startsWithAny(path.toLowerCase(), prefixes)) return true;
  if (!path.includes('%') && !path.includes(';')) return false;
  const decoded = decode(path);
  return decoded === undefined || startsWithAny(decoded.replace(/;[^/]*/g, '').toLowerCase(), prefixes);
}

function startsWithAny(path: string, prefixes: readonly string[]): boolean {
  for (const prefix of prefixes) {
    if (path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/'))
      return true;
  }
  return false;
}

/** Undefined if the escapes are no UTF-8, so that nobody knows what an upstream makes of them. */
function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
