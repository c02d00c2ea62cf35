/** Letters of scripts that have small and capital ones, and digits: other scripts put no space between words. */
const OF_WORDS = /[\p{Lu}\p{Ll}\p{Lt}\p{M}\p{N}]/u;
const DIGIT = /\p{N}/u;
/** Between digits it goes on with the number, the time or the day: 3 is not in 3.50. */
const IN_NUMBERS = /[.,:/-]/;

/**
 * Whether a text has these words as they stand, and not only as a part of others: "3" is not in "13 May". Grows with the text's
 * length, and with how often it has them.
 */
export function hasWords(text: string, words: string): boolean {
  if (words === '') return true;
  for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + 1))
    if (!goesOn(text, at) && !goesOn(text, at + words.length)) return true;
  return false;
}

/** Whether the word before a place is not over there. */
function goesOn(text: string, at: number): boolean {
  const [before, after] = [text.charAt(at - 1), text.charAt(at)];
  if (OF_WORDS.test(before)) {
    if (OF_WORDS.test(after)) return true;
    return DIGIT.test(before) && IN_NUMBERS.test(after) && DIGIT.test(text.charAt(at + 1));
  }
  return IN_NUMBERS.test(before) && DIGIT.test(after) && DIGIT.test(text.charAt(at - 2));
}
