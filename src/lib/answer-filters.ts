import type { AnswerFilter, AnswerTextKind, ModelGuard } from '../contracts/guard.ts';

/** What looks at one text, in the order in which it sees it. @param isTold the client has been told it before */
export const openFilters = (
  guards: readonly ModelGuard[],
  kind: AnswerTextKind,
  isTold = false,
): AnswerFilter[] => guards.flatMap((guard) => guard.openAnswer?.(kind, isTold) ?? []);

/** Whether any of them reads texts of this kind. */
export const anyReads = (guards: readonly ModelGuard[], kind: AnswerTextKind): boolean =>
  openFilters(guards, kind).length > 0;

/**
 * @param isAside beside a call of a tool, or a refusal
 * @returns what may go on of a text that is coming
 * @throws what a guard ends the answer with
 */
export const takeText = (filters: readonly AnswerFilter[], text: string, isAside = false): string =>
  filters.reduce((rest, filter) => filter.take(rest, isAside), text);

/** @returns what they held back; @throws what a guard ends the answer with */
export const endText = (filters: readonly AnswerFilter[], isAside = false): string =>
  filters.reduce((rest, filter) => (rest === '' ? '' : filter.take(rest, isAside)) + filter.end(isAside), '');

/** The answer of which they have read a text has ended. @throws what a guard ends the answer with */
export const concludeText = (filters: readonly AnswerFilter[], isAside = false): void => {
  for (const filter of filters) filter.conclude?.(isAside);
};

/**
 * A text that is all there, as the guards leave it.
 * @param isTold the client has been told it before
 * @throws what a guard ends the answer with
 */
export function guardedText(
  guards: readonly ModelGuard[],
  kind: AnswerTextKind,
  text: string,
  isTold = false,
): string {
  const filters = openFilters(guards, kind, isTold);
  const guarded = takeText(filters, text) + endText(filters);
  concludeText(filters);
  return guarded;
}
