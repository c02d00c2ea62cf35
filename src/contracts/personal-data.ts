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

/** Kinds of data that are known by their form. */
export const DATA_KINDS = ['email', 'iban', 'card', 'ip', 'phone'] as const;
export type DataKind = (typeof DATA_KINDS)[number];

/** Names of further kinds, as a pattern of JSON Schema: they stand in placeholders. */
export const KIND_NAME = '^[a-z][a-z0-9_]{0,31}$';

/** How the gateway tells personal data in texts. */
export interface PersonalData {
  readonly kinds: Readonly<Record<DataKind, Finder>>;
  /**
   * A kind of the config's own.
   * @param source an RE2 expression
   * @throws Error that says what is wrong with it
   */
  custom(name: string, source: string): Finder;
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
