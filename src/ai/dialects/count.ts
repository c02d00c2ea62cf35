/** A provider's figure goes into counters that only grow: nothing that isn't a number of tokens may get there. */
export const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/** The figure, or 0 where there is none. */
export const countOf = (value: unknown): number => (isCount(value) ? value : 0);
