/** Decoded so often a URI has no encoding left that any server would still undo. */
const MOST_DECODINGS = 4;
/** A segment `.` or `..`, between whatever a server may take for separators. */
const DOTS = /(?:^|[/\\])\.{1,2}(?:$|[/\\?#;])/;
/** Parsers drop these (WHATWG URL, section 4.4): what stands on both sides becomes one. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const DROPPED = /[\u0000-\u001f\u007f]/;

/**
 * Whether the path of a URI could be read as one that lies elsewhere than it begins: it has segments of dots, plain or
 * percent-encoded (RFC 3986, sections 5.2.4 and 6.2.2), or characters that parsers drop. Two slashes in a row don't lead out.
 */
export function leadsElsewhere(uri: string): boolean {
  let text = uri;
  for (let at = 0; at < MOST_DECODINGS; at++) {
    if (DROPPED.test(text) || DOTS.test(text)) return true;
    const decoded = text.replace(/%[0-9a-f]{2}/gi, (code) =>
      String.fromCharCode(Number.parseInt(code.slice(1), 16)),
    );
    if (decoded === text) return false;
    text = decoded;
  }
  return true;
}
