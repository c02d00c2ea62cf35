import { cutText } from './cut-text.ts';

/** What every value beyond the cap is called. */
export const OTHER = '__other';
/** Characters: a longer value is cut, so that a page of metrics has an end whatever clients send. */
const LONGEST = 256;

const nobody = (): boolean => false;

/**
 * Keeps the values of a metric's label from growing without end: the first `cap` distinct values that clients made up pass,
 * every later one becomes `__other`. What the config names (routes, consumers, models) always passes, whoever came first.
 */
export class CappedLabels {
  readonly #seen = new Set<string>();
  readonly #cap: number;
  readonly #isNamed: (label: string) => boolean;
  #madeUp = 0;

  /** @param isNamed whether the config names a value: there is an end of those */
  constructor(cap: number, isNamed: (label: string) => boolean = nobody) {
    this.#cap = cap;
    this.#isNamed = isNamed;
  }

  value(label: string): string {
    if (label.length > LONGEST) return this.value(cutText(label, LONGEST));
    if (this.#seen.has(label)) return label;
    if (!this.#isNamed(label)) {
      if (this.#madeUp >= this.#cap) return OTHER;
      this.#madeUp++;
    }
    this.#seen.add(label);
    return label;
  }
}
