import type { FindingCategory } from '../../contracts/finding.ts';

/** Words of a complaint below which it says too little to find anything by. */
const FEW_WORDS = 12;

/**
 * What to ask back, so that a vague complaint becomes one that can be found in the record. '' = it says enough: there is
 * a request, or a page and enough words.
 */
export function questionFor(report: {
  comment: string;
  category: FindingCategory;
  page: string;
  requestId: string;
  score: number | null;
}): string {
  const { comment, category, page, requestId } = report;
  if (comment === '' || requestId !== '' || category === 'feature-request') return '';
  const isShort = comment.trim().split(/\s+/).length < FEW_WORDS;
  if (page === '')
    return category === 'performance'
      ? 'Which page was slow, and about when (hour and minute)?'
      : 'On which page was it, and about when?';
  return isShort ? 'About when was it (hour and minute), and what did you do just before?' : '';
}

/** With a dot it may be a price or a version: only where the words around it say when, and none says that it is money. */
const MOMENTS = [
  /(?:^|[^\d:])([01]?\d|2[0-3]):([0-5]\d)(?![\d:])/,
  /(?:^|[^\d.])([01]?\d|2[0-3])\.([0-5]\d)\s*(?:uhr|utc)\b/i,
  /\b(?:at|around|about|um|gegen|kl|klo)\.?\s+([01]?\d|2[0-3])\.([0-5]\d)(?!\.?\d)(?!\s*(?:[$€£¥%]|eur|usd|gbp|chf|dollar|pound))/i,
];

/** The moment that an answer names, on the day of the report or the one before; undefined: it names none. */
export function momentIn(text: string, at: number): number | undefined {
  const said = text.slice(0, 2000);
  const found = MOMENTS.map((pattern) => pattern.exec(said)).find((each) => each !== null);
  if (!found) return undefined;
  const day = new Date(at);
  day.setUTCHours(Number(found[1]), Number(found[2]), 0, 0);
  return day.getTime() > at + 60_000 ? day.getTime() - 86_400_000 : day.getTime();
}

/** The path that a text or URL names; '' if none. */
export function pageIn(text: string): string {
  const found = /(?:https?:\/\/[^\s/]+)?(\/[A-Za-z0-9._~%/-]{1,200})/.exec(text.slice(0, 2000));
  return found?.[1] ?? '';
}
