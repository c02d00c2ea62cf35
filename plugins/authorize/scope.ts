import type { IncomingHttpHeaders } from 'node:http';
import type { Exchange } from '../../src/contracts/exchange.ts';
import type { PolicyPorts } from '../../src/contracts/policy.ts';

/** Whether a rule is about a request. */
export type Scope = (exchange: Exchange, headers: IncomingHttpHeaders) => boolean;

/**
 * A rule that is limited to methods or paths must not be walked around by another spelling of the same request, so in
 * doubt it applies: HEAD counts as GET, a method that a field asks for counts beside the request's own, paths are
 * compared without case, as they are, without their escapes, and as the most lenient server would read them.
 *
 * @param methods upper case; undefined = all
 * @param paths prefixes of whole segments; undefined = all
 */
export function scopeOf(
  methods: readonly string[] | undefined,
  paths: readonly string[] | undefined,
  { otherReading, askedMethods }: Pick<PolicyPorts, 'otherReading' | 'askedMethods'>,
): Scope {
  const named = methods && new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods);
  const prefixes = paths?.map((path) => withoutSlash(path.toLowerCase()));
  const readPrefixes = paths?.map((path) => withoutSlash(otherReading(path) ?? path.toLowerCase()));
  const isBelow = (path: string): boolean => {
    if (startsWithAny(path.toLowerCase(), prefixes as string[])) return true;
    const read = otherReading(path);
    if (read === undefined) return false;
    const decoded = decodeURIComponent(path).toLowerCase();
    return startsWithAny(decoded, prefixes as string[]) || startsWithAny(read, readPrefixes as string[]);
  };
  return ({ method, path }, headers) =>
    (named === undefined ||
      named.has(method) ||
      askedMethods(headers)?.some((asked) => named.has(asked)) === true) &&
    (prefixes === undefined || isBelow(path));
}

const withoutSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path);

function startsWithAny(path: string, prefixes: readonly string[]): boolean {
  for (const prefix of prefixes) {
    if (path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/'))
      return true;
  }
  return false;
}
