import type { RequestText } from '../../contracts/guard.ts';
import { isObject } from '../../lib/json.ts';
import { type GuardText, guardedPieces } from './guarded-pieces.ts';
import { dataTexts, eventTexts } from './request-texts.ts';

type Container = { [key: string]: unknown };

/** Lists of a transcript that say its text once more, piece by piece. */
const PIECES: readonly (readonly [list: string, key: string])[] = [
  ['segments', 'text'],
  ['words', 'word'],
];
/** And lists that do so in a form that no guard reads, beside the text or in a segment. */
const ONCE_MORE = ['logprobs', 'tokens'];

/**
 * Leads the texts of an operation's answer through the guards: documents that were ranked, what was made of a picture's
 * prompt, transcripts. What says a changed text once more, and not as it is now, is left out.
 *
 * @param answer parsed; it is changed
 * @returns whether anything of it was
 */
export function guardResult(answer: Container, guard: GuardText): boolean {
  const { text } = answer;
  let isChanged = guardTexts(textsOf(answer), guard);
  for (const [list, key] of PIECES) {
    const holders = listOf(answer[list]).filter((each) => typeof each[key] === 'string');
    const pieces = holders.map((each) => each[key] as string);
    const guarded = guardedPieces(pieces, guard);
    if (answer.text !== text && squeezed(guarded.join('')) !== squeezed(String(answer.text)))
      delete answer[list];
    if (guarded === pieces) continue;
    for (const [i, holder] of holders.entries()) holder[key] = guarded[i];
    isChanged = true;
  }
  if (isChanged) leaveOut(answer);
  return isChanged;
}

/**
 * Leads every text of an event that nobody here knows through the guards.
 *
 * @param event parsed; it is changed
 * @returns whether anything of it was
 */
export function guardEvent(event: Container, guard: GuardText): boolean {
  const isChanged = guardTexts(eventTexts(event), guard);
  if (isChanged) leaveOutTokens(event);
  return isChanged;
}

/** @returns whether any of them was changed */
export function guardTexts(texts: readonly RequestText[], guard: GuardText): boolean {
  let isChanged = false;
  for (const each of texts) {
    const left = guard(each.text);
    if (left === each.text) continue;
    each.text = left;
    isChanged = true;
  }
  return isChanged;
}

function leaveOut(answer: Container): void {
  const segments = listOf(answer.segments);
  for (const each of [answer, ...segments]) leaveOutTokens(each);
  for (const segment of segments) delete segment.words;
}

export function leaveOutTokens(said: Container): void {
  for (const key of ONCE_MORE) if (Array.isArray(said[key])) delete said[key];
}

const textsOf = (answer: Container) => [
  ...dataTexts(answer, 'text'),
  ...listOf(answer.results).flatMap((ranked) => [
    ...dataTexts(ranked, 'document'),
    ...dataTexts(ranked, 'text'),
  ]),
  ...listOf(answer.data).flatMap((made) => dataTexts(made, 'revised_prompt')),
];

const listOf = (value: unknown): Container[] => (Array.isArray(value) ? value.filter(isObject) : []);

const squeezed = (text: string): string => text.replace(/\s+/g, '');
