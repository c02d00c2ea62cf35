/** As many answers as OpenAI gives at once; nobody gives more. */
const MOST_CHOICES = 128;

/**
 * The choice that a provider's number means: undefined for the first, and for what can be the number of none. Room is made for
 * as many as there are numbers.
 */
export const choiceOf = (index: unknown): number | undefined =>
  Number.isInteger(index) && (index as number) > 0 && (index as number) < MOST_CHOICES
    ? (index as number)
    : undefined;
