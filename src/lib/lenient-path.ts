/** What a path must hold to be read in another way: nearly none has any of it, so that nearly none is looked at twice. */
const ODD = /[A-Z;%]|:[$:]|\.(?:\/|$)|.\/$/;

/** Whether a canonical path may be read otherwise than RFC 3986 does. */
export const isOddPath = (path: string): boolean => ODD.test(path);

/**
 * A canonical path (or pattern) as the most lenient server would read it: Tomcat takes `/admin;x/y` for `/admin/y`,
 * Express `/ADMIN` and `/admin/` for `/admin`, Windows `/admin./` and `/admin::$DATA`.
 *
 * @throws URIError if its escapes are no UTF-8
 */
export function lenientPath(path: string): string {
  // Up before down: `ı` is an I to whoever compares capitals.
  const text = decodeURIComponent(path).normalize('NFKC').toUpperCase().toLowerCase();
  const segments: string[] = [];
  for (const segment of text.split(/[/\\]/)) {
    const name = segment.replace(/(?:;|:[$:]).*$/s, '').trimEnd();
    if (name === '..') segments.pop();
    else segments.push(withoutLast(name, '. '));
  }
  // Escaped, or the router would take them for what they mean in a target.
  const named = segments
    .filter((name) => name !== '')
    .map((name) => name.replace(/[%?#]/g, encodeURIComponent));
  return `/${named.join('/')}`;
}

/** From the end on: an expression that ends with `+$` tries each of its characters anew, a client's squared. */
function withoutLast(name: string, chars: string): string {
  let end = name.length;
  while (end > 0 && chars.includes(name[end - 1] as string)) end--;
  return name.slice(0, end);
}
