/** Letters, `_` and `/` as JSON may have them, too: nobody has to write them so, PHP does with `/`, and whoever hides a word may. */
const ESCAPE = /\\(?:u00(2f|5f|[46][1-9a-f]|[57][0-9a])|\/)/gi;

/**
 * A JSON's bytes with its letters spelled out, so that a word is found however it was written. The same bytes where there is
 * nothing to spell out, which is found out without reading any as a value.
 */
export function spelledOut(json: Buffer): Buffer {
  if (!json.includes('\\u00') && !json.includes('\\/')) return json;
  const text = json
    .toString('latin1')
    .replace(ESCAPE, (_, code?: string) => (code ? String.fromCharCode(Number.parseInt(code, 16)) : '/'));
  return Buffer.from(text, 'latin1');
}
