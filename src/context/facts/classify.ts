import type { FactKind } from './fact.ts';

const EMAIL = /^[^\s@]{1,64}@[^\s@]{1,190}\.[A-Za-z]{2,24}$/;
const DATE =
  /^(?:\d{4}-\d{2}-\d{2}(?:T[\d:.Z+-]{0,24})?|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,2}:\d{2}(?::\d{2})?)$/;
const NUMBER = /^[-+$€£¥]{0,2}\d{1,18}(?:[.,'’]\d{1,9}){0,6}(?:[%€$£]|[a-zA-Z]{1,3})?$/;
const ID = /^#?[\p{L}\d][\p{L}\d._/#:-]{2,63}$/u;
/** So many digits in a row are counted by nobody: they name something. */
const DIGITS_OF_AN_ID = /^#?\d{5,}$/;
const ORDINAL = /^\d{1,4}(?:st|nd|rd|th)$/i;

/** What one word is by its form; undefined if its form says nothing. */
export function classify(word: string): FactKind | undefined {
  if (EMAIL.test(word)) return 'email';
  if (!/\d/.test(word)) return undefined;
  if (DATE.test(word)) return 'date';
  if (DIGITS_OF_AN_ID.test(word)) return 'id';
  if (NUMBER.test(word) || ORDINAL.test(word)) return 'number';
  return ID.test(word) ? 'id' : undefined;
}
