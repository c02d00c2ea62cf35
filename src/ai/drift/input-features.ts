/** Scripts by ranges of code points; a text is of the one that most of its letters are of. */
const SCRIPTS: readonly (readonly [name: string, from: number, to: number])[] = [
  ['latin', 0x41, 0x24f],
  ['greek', 0x370, 0x3ff],
  ['cyrillic', 0x400, 0x52f],
  ['hebrew', 0x590, 0x5ff],
  ['arabic', 0x600, 0x77f],
  ['devanagari', 0x900, 0x97f],
  ['thai', 0xe00, 0xe7f],
  ['japanese', 0x3040, 0x30ff],
  ['chinese', 0x4e00, 0x9fff],
  ['korean', 0xac00, 0xd7af],
];
/** The commonest short words of the languages that share the Latin script, none of them in two. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  english: ['the', 'and', 'is', 'of', 'to', 'you', 'what', 'how', 'my'],
  german: ['der', 'die', 'und', 'ist', 'das', 'ich', 'nicht', 'wie', 'ein'],
  french: ['le', 'les', 'et', 'est', 'je', 'vous', 'une', 'pas', 'dans'],
  spanish: ['el', 'los', 'y', 'es', 'una', 'por', 'cómo', 'mi', 'del'],
  portuguese: ['o', 'os', 'não', 'uma', 'um', 'você', 'como', 'meu', 'em'],
  italian: ['il', 'che', 'di', 'non', 'sono', 'gli', 'come', 'mio', 'per'],
};
const LANGUAGE_OF_WORD = new Map(
  Object.entries(WORDS).flatMap(([language, words]) => words.map((word) => [word, language] as const)),
);

/** What `languageOf` can say. */
export const LANGUAGES: readonly string[] = [
  ...Object.keys(WORDS),
  ...SCRIPTS.map(([name]) => name),
  'other',
];
export const LENGTHS = 24;
export const TOPICS = 64;

/** Each bucket is twice as long as the one before. */
export const lengthBucket = (bytes: number): number =>
  Math.min(LENGTHS - 1, Math.floor(Math.log2(Math.max(1, bytes))));

/** Letters that are looked at to find the script. */
const LETTERS = 100;
const [[, LATIN_FROM, LATIN_TO]] = SCRIPTS as [(typeof SCRIPTS)[number]];

/** A guess from a few hundred letters, good enough to see a language come or go. */
export function languageOf(text: string, words: readonly string[]): string {
  const letters = Math.min(text.length, LETTERS);
  if (isLatin(text, letters)) return latinLanguage(words);
  const counts = new Map<string, number>();
  let [script, most] = ['other', 0];
  for (let at = 0; at < letters; at++) {
    const code = text.charCodeAt(at);
    if (code < LATIN_FROM) continue;
    const name = SCRIPTS.find(([, from, to]) => code >= from && code <= to)?.[0];
    if (name === undefined) continue;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    if (count > most) [script, most] = [name, count];
  }
  // Japanese is written with Chinese characters too, and only it with kana between them.
  if (script === 'chinese' && counts.has('japanese')) return 'japanese';
  return script === 'latin' ? latinLanguage(words) : script;
}

/** Most texts have letters of no other script: those need not be counted. */
function isLatin(text: string, letters: number): boolean {
  let isAny = false;
  for (let at = 0; at < letters; at++) {
    const code = text.charCodeAt(at);
    if (code > LATIN_TO) return false;
    isAny ||= code >= LATIN_FROM;
  }
  return isAny;
}

function latinLanguage(words: readonly string[]): string {
  const counts = new Map<string, number>();
  let [language, most] = ['latin', 0];
  for (const word of words) {
    const name = LANGUAGE_OF_WORD.get(word);
    if (name === undefined) continue;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    if (count > most) [language, most] = [name, count];
  }
  return language;
}

/** The bucket of each word that is long enough to be about something. What is kept is a count, and no word. */
export const topicBuckets = (words: readonly string[]): number[] =>
  words.filter((word) => word.length >= 5).map((word) => hashOf(word) % TOPICS);

/** Runs of letters, nearly: a class of Unicode would cost five times as much. */
export const wordsOf = (text: string): string[] => text.toLowerCase().split(/[^a-z\u00c0-\uffff]+/);

/** FNV-1a, 32 bit. */
function hashOf(word: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193) >>> 0;
  return hash;
}
