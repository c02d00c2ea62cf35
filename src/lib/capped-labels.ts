import { cutText } from './cut-text.ts';

/** What every value beyond the cap is called. */
export const OTHER = '__other';
/** Characters: a longer value is cut, so that a page of metrics has an end whatever clients send. */
const LONGEST = 256;

/**
 * Keeps the values of a metric's label from growing without end: the first `cap` distinct values pass, every later one
 * becomes `__other`. What is known beforehand (routes, consumers, models of the config) can be let in first.
 */
export class CappedLabels {
  readonly #seen = new Set<string>();
  readonly #cap: number;

  constructor(cap: number) {
    this.#cap = cap;
  }

  value(label: string): string {
    if (label.length > LONGEST) return this.value(cutText(label, LONGEST));
    if (this.#seen.has(label)) return label;
    if (this.#seen.size >= this.#cap) return OTHER;
    this.#seen.add(label);
    return label;
  }
}
