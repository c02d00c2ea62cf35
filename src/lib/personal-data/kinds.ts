import { isIPv4, isIPv6 } from 'node:net';
import type { DataKind, Finder } from '../../contracts/personal-data.ts';

/** What every match holds, and before which it has so many characters at most: elsewhere there is nothing to look for. */
interface Mark {
  readonly text: string;
  readonly reach: number;
}

/**
 * @param ends of a match those ends that make it one, longest first; its own if absent
 * @param mark spares a search that tries every letter of a long text in vain
 */
function finder(
  name: string,
  source: RegExp,
  before: RegExp,
  ends: (match: string) => number | undefined = (match) => match.length,
  mark?: Mark,
): Finder {
  const pattern = new RegExp(source.source, 'g');
  return {
    name,
    find(text, from) {
      const marked = mark ? text.indexOf(mark.text, from) : from;
      if (marked < 0) return undefined;
      pattern.lastIndex = Math.max(from, marked - (mark?.reach ?? 0));
      for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
        const { index: start } = match;
        const length = start > 0 && before.test(text[start - 1] as string) ? undefined : ends(match[0]);
        if (length !== undefined) return { start, end: start + length };
        pattern.lastIndex = start + 1;
      }
      return undefined;
    },
  };
}

/** The longest beginning of a match that ends with a word of it and is valid. */
const longest =
  (isValid: (compact: string) => boolean) =>
  (match: string): number | undefined => {
    for (let end = match.length; end > 0; end--) {
      const isEnd = end === match.length || !/[0-9A-Za-z]/.test(match[end] as string);
      if (
        isEnd &&
        isValid(match.slice(0, end).replace(/[ -]/g, '')) &&
        /[0-9A-Za-z]/.test(match[end - 1] as string)
      )
        return end;
    }
    return undefined;
  };

/** ISO/IEC 7812: every second digit from the right doubled, the sum a multiple of ten. */
export function isCard(digits: string): boolean {
  if (digits.length < 13 || digits.length > 19) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** ISO 13616: the first four at the end, letters as 10 to 35, the rest of a division by 97 is 1. */
export function isIban(compact: string): boolean {
  if (compact.length < 15 || compact.length > 34) return false;
  let rest = 0;
  for (const char of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(char, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

const NOTHING = /(?!)/;

/**
 * Of addresses (RFC 6531): Latin, Greek and Cyrillic with their marks. Writings that put no space between words are not among
 * them: all before an address would be taken for a part of it. Each is one UTF-16 unit, as the bounds count.
 */
const LETTERS = 'A-Za-z\\u00c0-\\u052f\\u1e00-\\u1fff';

/** Personal data by its form: what can be told by a checksum is held to it. */
export const KINDS: Readonly<Record<DataKind, Finder>> = {
  email: finder(
    'email',
    new RegExp(
      `[${LETTERS}0-9._%+-]{1,64}@(?:[${LETTERS}0-9-]{1,62}\\.){1,3}[${LETTERS}]{2,24}(?![${LETTERS}0-9-])`,
    ),
    NOTHING,
    undefined,
    { text: '@', reach: 64 },
  ),
  iban: finder(
    'iban',
    /[A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4}){3,8}(?![A-Za-z0-9])/,
    /[A-Za-z0-9]/,
    longest(isIban),
  ),
  card: finder('card', /[2-6]\d{3}(?:[ -]?\d){9,15}(?!\d)/, /\d/, longest(isCard)),
  ip: finder(
    'ip',
    /(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:]{3,39})(?![0-9A-Fa-f:]|\.\d)/,
    /[\w:.]/,
    (match) => (isIPv4(match) || (isIPv6(match) && /\d/.test(match)) ? match.length : undefined),
  ),
  phone: finder(
    'phone',
    /(?:\+|00)[1-9]\d{0,2}(?:[ .()/-]{0,2}\d){6,12}(?!\d)|\(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4}(?!\d)/,
    /[\w+]/,
  ),
};

/** Places that a request's data was taken from. */
export const PLACEHOLDER: Finder = finder('placeholder', /\[[A-Z][A-Z0-9_]{0,40}_\d{1,6}\]/, NOTHING);
