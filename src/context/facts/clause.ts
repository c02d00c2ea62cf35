import { termOf } from '../recall/words.ts';

/** A word with what stands around it. */
export interface Token {
  /** Without the punctuation around it. */
  readonly text: string;
  readonly lower: string;
  /** Where the bare word stands in the text. */
  readonly start: number;
  readonly end: number;
  /** Punctuation behind it ends what is said in one breath: a comma does, too. */
  readonly endsClause: boolean;
  readonly startsSentence: boolean;
}

/** Characters of a word; what is longer is no word, and is looked at in pieces. */
const LONGEST_WORD = 200;
const WORD = new RegExp(`\\S{1,${LONGEST_WORD}}`, 'gu');
const OPENING = new Set('([{<"\'“‘„«*_`¿¡');
const CLOSING = new Set(')]}>"\'”’“»*_`.,;:!?…');
const CLAUSE = /[.,;:!?…)]/u;
const SENTENCE = /[.!?…:]/u;

/** The words of a text, in one pass over it. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let startsSentence = true;
  let last = 0;
  for (const { 0: raw, index } of text.matchAll(WORD)) {
    if (text.slice(last, index).includes('\n')) {
      startsSentence = true;
      const before = tokens.at(-1);
      if (before && !before.endsClause) tokens[tokens.length - 1] = { ...before, endsClause: true };
    }
    let from = 0;
    let to = raw.length;
    while (from < to && OPENING.has(raw[from] as string)) from++;
    while (to > from && CLOSING.has(raw[to - 1] as string)) to--;
    const tail = raw.slice(to);
    const word = raw.slice(from, to);
    last = index + raw.length;
    if (word === '') continue;
    tokens.push({
      text: word,
      lower: word.toLowerCase(),
      start: index + from,
      end: index + to,
      endsClause: CLAUSE.test(tail),
      startsSentence,
    });
    startsSentence = SENTENCE.test(tail);
  }
  return tokens;
}

const WORDLIKE = /^[\p{L}][\p{L}'’-]*$/u;

/** Whether a word says something: no number, and no word that every sentence holds. */
export const saysSomething = ({ text }: Token): boolean => WORDLIKE.test(text) && termOf(text) !== null;
