import type { FactKind } from '../facts/fact.ts';
import { termsOf } from '../recall/words.ts';

const MOST_QUESTIONS = 10;
/** Characters of one question. */
const LONGEST = 300;
/** "Please tell me your order number." */
const REQUEST =
  /\b(?:please|could you|can you|would you|kindly)\b.{0,40}\b(?:provide|share|give|tell|confirm|send|enter|specify|state)\b/iu;
const SENTENCE = /[^.!?\n]{1,400}[.!?]?/gu;

/** What a text asks for: the terms of each question or request. */
export function questionsOf(text: string): Set<string>[] {
  const questions: Set<string>[] = [];
  for (const { 0: sentence } of text.matchAll(SENTENCE)) {
    if (!sentence.endsWith('?') && !REQUEST.test(sentence)) continue;
    const terms = termsOf(sentence.slice(-LONGEST));
    if (terms.size > 0) questions.push(terms);
    if (questions.length === MOST_QUESTIONS) break;
  }
  return questions;
}

/** By a word (as a term) in a question: what would answer it. */
const KINDS: readonly (readonly [FactKind, ReadonlySet<string>])[] = [
  ['email', termsOf('email mail address')],
  ['id', termsOf('number id account order ticket reference code iban card phone telephone customer invoice')],
  ['number', termsOf('number amount many much price quantity size age')],
  ['date', termsOf('date day time birthday year month')],
  ['name', termsOf('name called city country company')],
];

/** The kinds of facts that would answer a question; none if it asks for nothing that has a form. */
export const answerKinds = (question: ReadonlySet<string>): ReadonlySet<FactKind> =>
  new Set(KINDS.flatMap(([kind, terms]) => ([...terms].some((term) => question.has(term)) ? [kind] : [])));
