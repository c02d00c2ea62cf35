/** Marks that are not seen, and that a model reads over: zero-width ones, directions, tags. */
const UNSEEN = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]|[\u{e0000}-\u{e007f}]/gu;
const BEYOND_ASCII = /[\u0080-\uffff]/;

/** A text as it is read: without marks that are not seen, and in the usual form of each letter. */
export const plainOf = (text: string): string =>
  BEYOND_ASCII.test(text) ? text.normalize('NFKC').replace(UNSEEN, '') : text;

/** Where the last characters of a text begin of which so many are seen; 0: there are no more than these. */
export function lastSeen(text: string, count: number): number {
  if (!BEYOND_ASCII.test(text)) return Math.max(0, text.length - count);
  let at = Math.max(0, text.replace(UNSEEN, '').length - count);
  for (const { index, 0: mark } of text.matchAll(UNSEEN)) {
    if (index >= at) break;
    at += mark.length;
  }
  // Not between the halves of one character.
  return at > 0 && /[\ud800-\udbff]/.test(text[at - 1] as string) ? at - 1 : at;
}
