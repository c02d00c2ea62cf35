/** What a value is by its form. `text`: nothing that a form could tell. */
export type FactKind = 'email' | 'id' | 'date' | 'number' | 'quoted' | 'name' | 'text';

/** Something definite that was said: a span of a text whose form, or the sentence around it, says what it is. */
export interface Fact {
  readonly kind: FactKind;
  /** What it is about, in lower case: `account number`; '' if nothing beside it says so. */
  readonly about: string;
  readonly value: string;
  /** It was said of something in so many words ("my account number is 4711"), so that a later one takes its place. */
  readonly isStated: boolean;
}
