import type { AnswerFilter } from './guard.ts';

export interface Found {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds one kind of data. Whether there is one at a place hangs on nothing but the character before it and the
 * `LONGEST_FIND` after it, so that a text in pieces is read as the whole would be.
 */
export interface Finder {
  readonly name: string;
  /** The first at or after `from`. */
  find(text: string, from: number): Found | undefined;
}

/** Characters that one piece of data may have, and of what tells its end. */
export const LONGEST_FIND = 300;

/** How the gateway tells personal data in texts. */
export interface PersonalData {
  /** By name: `email`, `iban`, `card`, `ip`, `phone`. */
  readonly kinds: Readonly<Record<string, Finder>>;
  /** Places that data was taken from: `[EMAIL_1]`. */
  readonly placeholder: Finder;
  /**
   * Replaces what is found in a text that comes in any pieces.
   * @param breaks none of the finders looks across the white space that ends a word of prose
   * @param replace what goes on in the place of a find
   */
  scanner(
    finders: readonly Finder[],
    breaks: boolean,
    replace: (name: string, value: string) => string,
  ): AnswerFilter;
}
