import type { ModelOptions } from '../contracts/model-request.ts';

/** Values that ask for what holds anyway: who doesn't know the option need not know them. */
const NOTHING: Readonly<Partial<Record<PropertyKey, readonly unknown[]>>> = {
  n: [1],
  logprobs: [false],
  frequencyPenalty: [0],
  presencePenalty: [0],
  parallelToolCalls: [true],
  serviceTier: ['auto', 'default'],
  verbosity: ['medium'],
} satisfies Partial<Record<keyof ModelOptions, readonly unknown[]>>;

/** @param value of the option, as a client wrote it or as it was read */
export const asksForNothing = (option: PropertyKey, value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (typeof value === 'object' && Object.keys(value).length === 0) ||
  (NOTHING[option]?.includes(value) ?? false);
