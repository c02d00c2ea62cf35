import { LRUCache } from 'lru-cache';
import { stemmer } from 'stemmer';

/** Words that nearly every sentence holds; a question is not about them. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a about after again all also am an and any are as at be been before being both but by can could did do does doing ' +
    'down each ever few for from further had has have having he her here hers him his how i if in into is it its just ' +
    'may me might more most must my no nor not now of off on once only or other our out over own same shall she should ' +
    'so some such than that the their them then there these they this those to too under until up very was we were ' +
    'what when where which while who whom whose why will with would you your'
  ).split(' '),
);

const WORD = /[\p{L}\p{N}]+(?:['’]\p{L}+)?/gu;
const SUFFIX = /['’](?:s|d|m|ll|re|ve|t)$/u;

/** The words of a text, as they stand. */
export const wordsOf = (text: string): string[] => text.match(WORD) ?? [];

/** Stems of words that were met: a conversation says most of its words many times, and a stem takes 1 µs. */
const STEMS = new LRUCache<string, string>({ max: 20_000 });
/** No word that is rather a name or a number of somebody's stays in memory for it. */
const USUAL = /^[a-z]{2,16}$/;

/** What a word is found by: its stem (Porter 1980; other scripts as they are), or null if it says nothing. */
export function termOf(word: string): string | null {
  const plain = word.toLowerCase().replace(SUFFIX, '');
  if (STOP_WORDS.has(plain)) return null;
  const known = STEMS.get(plain);
  if (known !== undefined) return known;
  const stem = stemmer(plain);
  if (USUAL.test(plain)) STEMS.set(plain, stem);
  return stem;
}

/** The words of a text that say something, each once, as terms. */
export function termsOf(text: string): Set<string> {
  const terms = new Set<string>();
  for (const word of wordsOf(text)) {
    const term = termOf(word);
    if (term !== null) terms.add(term);
  }
  return terms;
}
