import { factLine, type SaidFact } from '../facts/fact-book.ts';
import { hasWords } from '../facts/has-words.ts';

const opening = (covered: number): string =>
  `What was said earlier in this conversation, up to its turn ${covered}, and is not repeated below:`;

/** Without a model: what was definite, in its own words. The rest is recalled when it is asked for. */
export function deterministicText(covered: number, facts: readonly SaidFact[]): string {
  const lines = facts.map(factLine);
  return [opening(covered), ...(lines.length === 0 ? ['- nothing definite'] : lines)].join('\n');
}

export const summarizedText = (covered: number, summary: string): string =>
  `${opening(covered)}\n${summary.trim()}`;

/** With what else was definite. */
export const withFacts = (text: string, facts: readonly SaidFact[]): string =>
  facts.length === 0 ? text : [text, 'Of its beginning:', ...facts.map(factLine)].join('\n');

/** Those of the facts that a summary has lost. Letters' case and white space don't matter. */
export function missingFacts(summary: string, facts: readonly SaidFact[]): SaidFact[] {
  const said = plain(summary);
  return facts.filter(({ value }) => !hasWords(said, plain(value)));
}

const plain = (text: string): string => text.toLowerCase().replace(/\s+/gu, ' ');
