import type { Part } from '../part.ts';

const PARAMETER = /^(:[A-Za-z_][A-Za-z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*\})$/;

/** What is wrong with the path pattern of a route; undefined if nothing is. */
export function pathFault(path: string): string | undefined {
  if (!path.startsWith('/')) return undefined; // the schema says so
  if (path.includes('?') || path.includes('#'))
    return 'a path holds no "?" and no "#": query and fragment are not matched';
  if (path.includes('\\') || path.includes('%'))
    return 'write the path decoded, with "/" between its segments';
  const segments = path.slice(1).split('/');
  if (segments.some((segment) => segment === '.' || segment === '..'))
    return 'a path holds no "." and ".." segments';
  if (segments.slice(0, -1).includes('')) return 'a path holds no "//"';
  if (
    segments.slice(0, -1).some((segment) => segment.includes('*')) ||
    (segments.at(-1) !== '*' && path.includes('*'))
  ) {
    return '"*" may only be the whole last segment: /api/*';
  }
  const wrong = segments.find((segment) => /[:{}]/.test(segment) && !PARAMETER.test(segment));
  if (wrong !== undefined) return 'a parameter is a whole segment: /users/:id or /users/{id}';
  const parameters = segments
    .filter((segment) => PARAMETER.test(segment))
    .map((segment) => segment.replace(/[:{}]/g, ''));
  return new Set(parameters).size < parameters.length ? 'the names of the parameters must differ' : undefined;
}

/** Equal for paths that are one to the router: names of parameters don't matter. */
export const placeOf = (path: string): string =>
  path
    .split('/')
    .map((segment) => (PARAMETER.test(segment) ? ':' : segment))
    .join('/');

/**
 * Equal for matches that take the same requests, methods aside: names of parameters don't matter, nor do capitals in
 * hosts and names of headers. Undefined if the match has no path.
 */
export function sameMatch(match: Part): string | undefined {
  const path = match.get('path').text;
  if (path === undefined) return undefined;
  const headers = match.get('headers').entries.map(([name, { value }]) => [name.toLowerCase(), value]);
  headers.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return JSON.stringify([placeOf(path), match.get('host').text?.toLowerCase() ?? '', headers]);
}
