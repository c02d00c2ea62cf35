const PAIRS: Readonly<Record<string, string>> = { '"': '"', '“': '”', '„': '“', '«': '»', '`': '`' };
/** Characters between the quotation marks. */
const LONGEST = 120;

/** What stands in quotation marks, in one pass: a mark that is not closed in its line within `LONGEST` opens nothing. */
export function quotationsOf(text: string): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  for (let at = 0; at < text.length; at++) {
    const closing = PAIRS[text[at] as string];
    if (closing === undefined) continue;
    const inside = text.slice(at + 1, at + 2 + LONGEST);
    const length = inside.indexOf(closing);
    if (length < 1 || inside.slice(0, length).includes('\n')) continue;
    found.push({ start: at + 1, end: at + 1 + length });
    at += length + 1;
  }
  return found;
}
