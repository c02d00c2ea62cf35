import { Slices, type Steps } from '../../lib/slices.ts';
import { FactBook } from '../facts/fact-book.ts';
import { questionsOf } from '../measures/questions.ts';
import { textTokens } from '../prompt/tokens.ts';
import { fill } from '../recall/fill.ts';
import { RecallIndex } from '../recall/recall-index.ts';
import { termsOf } from '../recall/words.ts';
import type { SpokenTurn } from '../turn.ts';
import { passagesOf, type TurnPassage } from './passages.ts';
import { FRAME_TOKENS, lineOf, snippetText } from './snippets.ts';

/** A pause after which another episode of the conversation begins, in milliseconds. */
const LONG_PAUSE_MS = 60 * 60 * 1000;
/** Characters of a long message that are asked with, at its beginning and at its end: what is pasted between them is no question. */
const ASKED_FIRST = 500;
const ASKED_LAST = 1500;

export interface Recalled {
  /** What is put into the prompt; '' if nothing was found. */
  readonly text: string;
  readonly passages: readonly TurnPassage[];
  readonly tokens: number;
}

/** Something that the assistant asked. */
export interface AskedQuestion {
  readonly version: number;
  /** The question's words that say something. */
  readonly terms: ReadonlySet<string>;
}

const MOST_QUESTIONS = 500;

const NOTHING: Recalled = { text: '', passages: [], tokens: 0 };

/** What is known of one path of a conversation beyond its turns: an index of what was said, and the facts in it. */
export class ConversationMemory {
  readonly book = new FactBook();
  readonly #index = new RecallIndex();
  readonly #passages: TurnPassage[] = [];
  readonly #tokens: number[] = [];
  /** Ids of the turns that are in it, in order. */
  readonly #turns: string[] = [];
  readonly #versions: number[] = [];
  /** The terms of each passage. */
  readonly #terms: ReadonlySet<string>[] = [];
  readonly #questions: AskedQuestion[] = [];
  /** How many passages hold a term. */
  readonly #seenIn = new Map<string, number>();
  #episode = 1;
  #lastAt = 0;
  #characters = 0;
  /** A turn is being taken in; where nobody is at it that has failed, and nobody knows how much of it is there. */
  #isHalf = false;
  /** Ends when nobody takes anything in. */
  #growing: Promise<unknown> = Promise.resolve();

  /** About how many bytes it holds. */
  get size(): number {
    return 6 * this.#characters + 1000;
  }

  get turns(): number {
    return this.#turns.length;
  }

  /**
   * Takes in the turns of a path that it has not yet, a passage at a step. Each is indexed once: about 30 µs.
   * @param covered version of a turn, behind which only what follows is given: a version is in one place of a session only;
   * 0 = all of the path is
   * @returns false if the path is another one, or taking in a turn has failed, so that a new memory is needed
   */
  *follow(turns: readonly SpokenTurn[], covered = 0): Steps<boolean> {
    const known = this.#isHalf ? -1 : this.#knownOf(turns, covered);
    if (known < 0) return false;
    for (const turn of turns.slice(known)) yield* this.#add(turn);
    return true;
  }

  /** As `follow`, in slices, behind whoever is at it already: what a process has not met yet may be long. */
  grow(turns: readonly SpokenTurn[], covered = 0): Promise<boolean> {
    const grown = this.#growing.then(() => new Slices().through(this.follow(turns, covered)));
    // Of what fails is told who has asked for it.
    this.#growing = grown.then(ended, ended);
    return grown;
  }

  /** How many of these turns are in it; -1: it has others. */
  #knownOf(turns: readonly SpokenTurn[], covered: number): number {
    if (covered === 0) {
      const [known, last] = [this.#turns.length, this.#turns.at(-1)];
      // A path is known by its ends.
      const isSame = turns[0]?.id === this.#turns[0] && turns[known - 1]?.id === last;
      return known === 0 || isSame ? known : -1;
    }
    const from = this.#versions.indexOf(covered) + 1;
    const after = this.#turns.slice(from);
    return from > 0 && after.every((id, at) => id === turns[at]?.id) ? after.length : -1;
  }

  *#add(turn: SpokenTurn): Steps<void> {
    if (this.#lastAt > 0 && turn.at - this.#lastAt > LONG_PAUSE_MS) this.#episode++;
    this.#lastAt = turn.at;
    this.#isHalf = true;
    this.#turns.push(turn.id);
    this.#versions.push(turn.version);
    for (const passage of passagesOf(turn)) {
      this.#addPassage(passage);
      yield;
    }
    if (this.#questions.length > MOST_QUESTIONS)
      this.#questions.splice(0, this.#questions.length - MOST_QUESTIONS);
    this.#isHalf = false;
  }

  #addPassage(passage: TurnPassage): void {
    const { speaker, text, version } = passage;
    this.#index.add({ text, speaker, episode: this.#episode });
    this.#passages.push(passage);
    this.#tokens.push(textTokens(lineOf(passage)) + 1);
    this.#characters += text.length;
    const terms = termsOf(text);
    this.#terms.push(terms);
    for (const term of terms) this.#seenIn.set(term, (this.#seenIn.get(term) ?? 0) + 1);
    if (speaker !== 'system') this.book.add(version, speaker, text);
    if (speaker === 'assistant')
      for (const terms of questionsOf(text)) this.#questions.push({ version, terms });
  }

  /** What the assistant has asked in turns before this one: the user has answered, or passed it over, in the next. */
  questionsBefore(version: number): readonly AskedQuestion[] {
    return this.#questions.filter((question) => question.version < version);
  }

  /** The terms of what was said in these turns, passage by passage, the latest first. */
  *termsIn(isIn: (version: number) => boolean): Generator<ReadonlySet<string>> {
    for (let at = this.#passages.length - 1; at >= 0; at--)
      if (isIn((this.#passages[at] as TurnPassage).version)) yield this.#terms[at] as ReadonlySet<string>;
  }

  /**
   * What of the turns that are not in the prompt a question needs.
   * @param isOut whether the turn of this version is left out of the prompt
   * @param budget tokens
   */
  recall(question: string, isOut: (version: number) => boolean, budget: number): Recalled {
    const ranked = this.#index
      .rank(questionIn(question))
      .filter((position) => isOut((this.#passages[position] as TurnPassage).version));
    const chosen = fill({ tokens: this.#tokens, ranked, budget: budget - FRAME_TOKENS, tail: 0 });
    if (chosen.length === 0) return NOTHING;
    const passages = chosen.map((position) => this.#passages[position] as TurnPassage);
    const text = snippetText(passages);
    return { text, passages, tokens: textTokens(text) };
  }

  /** The rarest words of a passage that the question does not hold, as terms: an answer that has them has used it. */
  rareTerms({ text }: TurnPassage, question: string): string[] {
    const asked = termsOf(question);
    return [...termsOf(text)]
      .filter((term) => !asked.has(term))
      .sort((a, b) => (this.#seenIn.get(a) ?? 0) - (this.#seenIn.get(b) ?? 0) || (a < b ? -1 : 1))
      .slice(0, RARE_TERMS);
  }
}

const RARE_TERMS = 3;

const ended = (): void => undefined;

const questionIn = (text: string): string =>
  text.length <= ASKED_FIRST + ASKED_LAST
    ? text
    : `${text.slice(0, ASKED_FIRST)}\n${text.slice(-ASKED_LAST)}`;
