import type { AnswerFilter } from '../../contracts/guard.ts';
import { type Finder, type Found, LONGEST_FIND as LONGEST } from '../../contracts/personal-data.ts';

const EDGE = 2;

/** Replaces what finders find in a text that comes in any pieces. What may still become a find is held back. */
export class Scanner implements AnswerFilter {
  readonly #finders: readonly Finder[];
  readonly #breaks: boolean;
  readonly #replace: (name: string, value: string) => string;
  #text = '';
  /** The first character that has not gone on: 1 where one before it is kept for what comes. */
  #from = 0;

  /**
   * @param breaks none of the finders looks across the white space that ends a word of prose
   * @param replace what goes on in the place of a find
   */
  constructor(finders: readonly Finder[], breaks: boolean, replace: (name: string, value: string) => string) {
    this.#finders = finders;
    this.#breaks = breaks;
    this.#replace = replace;
  }

  take(text: string): string {
    this.#text += text;
    return this.#pass(this.#decided());
  }

  end(): string {
    const rest = this.#pass(this.#text.length);
    this.#text = '';
    this.#from = 0;
    return rest;
  }

  /** Before it, nothing that comes can change what is found. */
  #decided(): number {
    const text = this.#text;
    const far = text.length - LONGEST - EDGE;
    let at = Math.max(this.#from, far);
    if (this.#breaks) {
      for (let i = text.length - 1; i >= at; i--) {
        if (!isBreak(text, i)) continue;
        at = i + 1;
        break;
      }
    }
    // Not between the halves of one character.
    const code = text.charCodeAt(at - 1);
    return at > this.#from && code >= 0xd800 && code < 0xdc00 ? at - 1 : at;
  }

  #pass(until: number): string {
    const text = this.#text;
    let passed = '';
    let at = this.#from;
    const next = new Map<Finder, Found | undefined>();
    for (;;) {
      let first: Found | undefined;
      let name = '';
      for (const finder of this.#finders) {
        const known = next.get(finder);
        const found = next.has(finder) && (!known || known.start >= at) ? known : finder.find(text, at);
        next.set(finder, found);
        if (found && (!first || found.start < first.start)) [first, name] = [found, finder.name];
      }
      if (!first || first.start >= until) break;
      passed += text.slice(at, first.start) + this.#replace(name, text.slice(first.start, first.end));
      at = first.end;
    }
    const to = Math.max(at, until);
    passed += text.slice(at, to);
    const kept = Math.max(0, to - 1);
    this.#text = text.slice(kept);
    this.#from = to - kept;
    return passed;
  }
}

/** White space that no number, address or placeholder goes on behind: of numbers only groups in one line have gaps. */
function isBreak(text: string, at: number): boolean {
  const char = text[at] as string;
  if (char === '\n' || char === '\r' || char === '\t') return true;
  return char === ' ' && at > 0 && !/[0-9A-Z().+/ -]/.test(text[at - 1] as string);
}
