/** Of a pattern: `:id`, `{id}`. */
export const isParameter = (segment: string): boolean => segment.startsWith(':') || segment.startsWith('{');

/** Whether a path is one of a pattern's, read segment by segment: for people, not for routing. */
export function pathMatches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  for (let i = 0; i < wanted.length; i++) {
    const segment = wanted[i] as string;
    if (segment === '*') return given.length >= i;
    const value = given[i];
    if (value === undefined) return false;
    if (!isParameter(segment) && value !== segment) return false;
  }
  return wanted.length === given.length;
}
