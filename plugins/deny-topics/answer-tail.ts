import type { AnswerFilter } from '../../src/contracts/guard.ts';
import { lastSeen, plainOf } from './unseen.ts';

/** A text in which topics are looked for. */
export interface Seen {
  readonly text: string;
  /** Where a topic may begin; what stands before tells whether a word begins there. */
  readonly from: number;
  /** Characters at its end that stay held until more has come: what lies in them and ends with them may be another word yet. */
  readonly held: number;
}

/** What an answer is ended with that touches a topic. */
type Refusal = (seen: Seen) => Error | undefined;

/** For each character that is held, so many at most: what is not seen is held beside it. */
const MOST_FOR_EACH = 16;

/**
 * Holds back the end of a text: a topic is seen whole before its beginning goes on.
 *
 * @param longest characters that are seen
 */
export function answerTail(longest: number, refusal: Refusal): AnswerFilter {
  let held = '';
  const written = new Reading(refusal);
  const plain = new Reading(refusal);
  const pass = (until: number): string => {
    const passed = held.slice(0, until);
    const staying = held.slice(until);
    const read = plainOf(held);
    written.look(held, staying.length);
    if (read !== held) plain.look(read, plainOf(staying).length);
    written.pass(passed);
    plain.pass(plainOf(passed));
    held = staying;
    return passed;
  };
  return {
    take(text) {
      held += text;
      if (held.length <= longest) return '';
      const until = Math.max(lastSeen(held, longest), held.length - longest * MOST_FOR_EACH);
      return until === 0 ? '' : pass(until);
    },
    end: () => pass(held.length),
  };
}

/** An answer as it is written, or as it is read. */
class Reading {
  readonly #refusal: Refusal;
  /** The two characters before what is held: a word that is held may have begun there, and `grass` is no `ass`. */
  #before: string[] = [];

  constructor(refusal: Refusal) {
    this.#refusal = refusal;
  }

  /** @param staying how much of the end is still held when the rest has gone on */
  look(held: string, staying: number): void {
    const [first = '', second = ''] = this.#before;
    const from = second === '' ? 0 : first.length;
    const error = this.#refusal({ text: first + second + held, from, held: staying });
    if (error) throw error;
  }

  pass(text: string): void {
    this.#before = [...this.#before, ...text.slice(-4)].slice(-2);
  }
}
