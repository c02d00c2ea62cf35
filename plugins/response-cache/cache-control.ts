/** Directives by lower-case name; without a value `true`. */
export type Directives = ReadonlyMap<string, string | true>;

const DIRECTIVE = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?/g;

/** Cache-Control as it came (RFC 9111 section 5.2): names in any case, values as tokens or quoted, lists of fields among them. */
export function directivesOf(header: string | string[] | number | undefined): Directives {
  const directives = new Map<string, string | true>();
  if (header === undefined) return directives;
  const text = Array.isArray(header) ? header.join(',') : String(header);
  for (const [, name = '', quoted, token] of text.matchAll(DIRECTIVE)) {
    const key = name.toLowerCase();
    const value = quoted ?? token ?? true;
    const before = directives.get(key);
    // Twice and not the same: the shorter one, which is never wrong for long.
    directives.set(key, before === undefined || before === value ? value : lesser(before, value));
  }
  return directives;
}

function lesser(a: string | true, b: string | true): string {
  return String(Math.min(secondsOf(a) ?? 0, secondsOf(b) ?? 0));
}

const DIGITS = /^\d+$/;
/** RFC 9111 section 1.2.2: what is larger is taken as this. */
const LONGEST_SECONDS = 2 ** 31;

/** A delta-seconds value; undefined if it is none. */
export function secondsOf(value: string | true | undefined): number | undefined {
  return typeof value === 'string' && DIGITS.test(value)
    ? Math.min(Number(value), LONGEST_SECONDS)
    : undefined;
}

/** Milliseconds of a directive; undefined if it is absent. What can't be read is 0: stale (RFC 9111 section 4.2.1). */
export function directiveMs(directives: Directives, name: string): number | undefined {
  const value = directives.get(name);
  return value === undefined ? undefined : (secondsOf(value) ?? 0) * 1000;
}
