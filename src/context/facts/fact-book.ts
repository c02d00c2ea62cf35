import { textTokens } from '../prompt/tokens.ts';
import { termsOf } from '../recall/words.ts';
import { extractFacts } from './extract-facts.ts';
import type { Fact } from './fact.ts';

export type Speaker = 'user' | 'assistant' | 'tool';

/** A fact and where it was said. */
export interface SaidFact extends Fact {
  /** Number of the turn. */
  readonly version: number;
  readonly speaker: Speaker;
  /** The words of `about` that say something, as terms. */
  readonly subject: readonly string[];
}

/** Facts of one conversation that are kept; beyond it the least worth goes first. */
const MOST_FACTS = 1000;
/** So much worth must not get lost. */
const PINNED = 3;
/** Facts that are chosen, however much room there is: of those of less worth no more than make up so many. */
const MOST_CHOSEN = 48;

/** The facts of one conversation, in the order in which they were said. */
export class FactBook {
  #facts: SaidFact[] = [];
  /** What the assistant asked for last, in its words: `account number`. */
  #asked = '';

  get facts(): readonly SaidFact[] {
    return this.#facts;
  }

  add(version: number, speaker: Speaker, text: string): void {
    for (const found of extractFacts(text)) {
      // "What is your account number?" "4711."
      const answers =
        speaker === 'user' && found.about === '' && this.#asked !== '' && found.kind !== 'quoted';
      const fact = answers ? { ...found, about: this.#asked, isStated: true } : found;
      this.#facts = this.#facts.filter((known) => !takesThePlaceOf(fact, speaker, known));
      this.#facts.push({ ...fact, version, speaker, subject: [...termsOf(fact.about)] });
    }
    this.#asked = speaker === 'assistant' ? askedFor(text) : '';
    while (this.#facts.length > MOST_FACTS) {
      const least = Math.min(...this.#facts.map(worth));
      this.#facts.splice(
        this.#facts.findIndex((fact) => worth(fact) === least),
        1,
      );
    }
  }

  /**
   * Those that a shorter prompt must still hold: what the user stated first, then what names something or some day.
   * @param upTo the last turn that is left out
   * @param tokens what they may come to, as lines
   */
  pinned(upTo: number, tokens: number): SaidFact[] {
    return this.#worthMost(PINNED, upTo, tokens);
  }

  /**
   * The pinned ones, and as many of the others as there is room for.
   * @param without said already
   */
  noted(upTo: number, tokens: number, without: readonly SaidFact[] = []): SaidFact[] {
    return this.#worthMost(1, upTo, tokens, without);
  }

  #worthMost(least: number, upTo: number, tokens: number, without: readonly SaidFact[] = []): SaidFact[] {
    const wanted = this.#facts
      .filter((fact) => fact.version <= upTo && worth(fact) >= least && !without.includes(fact))
      .sort((a, b) => worth(b) - worth(a) || b.version - a.version);
    const chosen: SaidFact[] = [];
    let left = tokens;
    for (const fact of wanted) {
      const cost = textTokens(factLine(fact)) + 1;
      if (cost > left || (chosen.length >= MOST_CHOSEN && worth(fact) < PINNED)) continue;
      left -= cost;
      chosen.push(fact);
    }
    return chosen.sort((a, b) => a.version - b.version);
  }
}

const ASKED = /\b(?:your|ihre?|deine?|votre|su) ((?:\p{L}{1,20} ){0,2}\p{L}{1,20}) ?\?/giu;
/** Characters at the end of an answer that are looked at for a question. */
const LAST_WORDS = 400;

const askedFor = (text: string): string =>
  [...text.slice(-LAST_WORDS).matchAll(ASKED)].at(-1)?.[1]?.toLowerCase() ?? '';

/** `- account number: 4711-0815` */
export const factLine = ({ about, value, speaker }: SaidFact): string =>
  `- ${speaker === 'user' ? '' : `(${speaker}) `}${about === '' ? '' : `${about}: `}${value}`;

/** The same again, or another value of what has only one. */
function takesThePlaceOf(fact: Fact, speaker: Speaker, known: SaidFact): boolean {
  if (known.speaker !== speaker) return false;
  if (known.about === fact.about && known.value === fact.value) return true;
  return fact.isStated && known.isStated && fact.about === known.about;
}

const WORTH_OF_USER: Readonly<Record<Fact['kind'], number>> = {
  id: 4,
  email: 4,
  date: 3,
  quoted: 2,
  number: 2,
  name: 2,
  text: 0,
};

function worth({ speaker, isStated, kind, about }: SaidFact): number {
  if (speaker === 'user') return isStated ? 5 : kind === 'number' && about === '' ? 1 : WORTH_OF_USER[kind];
  // Ticket numbers and the like, given to the user.
  return kind === 'id' ? 2 : kind === 'date' || kind === 'email' ? 1 : 0;
}
