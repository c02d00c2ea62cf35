import { type DiffLine, diffLines } from './diff.ts';
import { maskText } from './mask.ts';

/** Lines of a diff that are kept. */
const MAX_DIFF_LINES = 2_000;

/** What differs between two texts, secrets masked. */
export const shownDiff = (before: string, after: string): DiffLine[] =>
  diffLines(maskText(before), maskText(after)).slice(0, MAX_DIFF_LINES);
