/** Tokens up to which an effort is taken to be meant where a budget was given: not every model has budgets. */
const EFFORTS: readonly (readonly [number, string])[] = [
  [2_048, 'low'],
  [12_288, 'medium'],
];

export const effortFor = (budget: number): string => EFFORTS.find(([most]) => budget <= most)?.[1] ?? 'high';
