/** What every value beyond the cap is called. */
export const OTHER = '__other';

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
    if (this.#seen.has(label)) return label;
    if (this.#seen.size >= this.#cap) return OTHER;
    this.#seen.add(label);
    return label;
  }
}
