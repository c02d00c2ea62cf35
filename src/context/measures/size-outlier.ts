/** Prompts of one model that are compared with. */
const WINDOW = 200;
/** Fewer say nothing about what is usual. */
const LEAST = 30;
/** Deviations from the median beyond which a size is an outlier (Iglewicz and Hoaglin use 3.5 of these on any data). */
const FAR = 5;
/** Of normal data the median absolute deviation is 1 / 1.4826 of the standard one. */
const TO_DEVIATION = 1.4826;
/** A model whose prompts are all alike must not call each that is 2 % longer an outlier: at least so much, in logarithms. */
const LEAST_DEVIATION = 0.1;
const MOST_MODELS = 200;

const median = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] as number;
const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

/** Tells prompts that are far longer or shorter than the others of their model: by median and MAD of the logarithms. */
export class SizeOutliers {
  readonly #sizes = new Map<string, number[]>();

  /** Takes a prompt's size in. @returns whether it is out of all proportion to those before it */
  observe(model: string, tokens: number): boolean {
    const size = Math.log(Math.max(1, tokens));
    const known = this.#sizes.get(model);
    if (!known) {
      if (this.#sizes.size < MOST_MODELS) this.#sizes.set(model, [size]);
      return false;
    }
    const isOutlier = known.length >= LEAST && isFar(size, known);
    known.push(size);
    if (known.length > WINDOW) known.shift();
    return isOutlier;
  }
}

function isFar(size: number, others: readonly number[]): boolean {
  const middle = median(ascending(others));
  const deviation = TO_DEVIATION * median(ascending(others.map((other) => Math.abs(other - middle))));
  return Math.abs(size - middle) > FAR * Math.max(deviation, LEAST_DEVIATION);
}
