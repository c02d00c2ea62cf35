/**
 * The value of one cookie in a Cookie header (RFC 6265 section 4.2.1), as it is there; undefined if it is not. Of two
 * with the name the first counts, as for nearly every server.
 */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const equals = pair.indexOf('=');
    if (equals >= 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}
