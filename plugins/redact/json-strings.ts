import type { AnswerFilter } from '../../src/contracts/guard.ts';

/** What stands in JSON outside of its strings has no other letters or signs, */
const NO_FORM = /[^\s,:[\]{}\d.+\-A-Za-z]/;
/** and no other words: the last two are in numbers. */
const WORDS = ['true', 'false', 'null', 'e', 'E'];

/**
 * Reads JSON that comes in any pieces: one filter gets what its strings say, another what stands outside of them. So JSON stays
 * JSON: other words in the place of a number, or of the half of an escape, would be none. What begins as neither an object nor a
 * list is a text.
 */
export class JsonStrings implements AnswerFilter {
  readonly #inside: AnswerFilter;
  readonly #outside: AnswerFilter;
  /** Undefined: only white space has come. */
  #isJson: boolean | undefined;
  #isString = false;
  /** An escape of which not all has come. */
  #rest = '';
  #isBroken = false;
  /** Outside of strings, one of which not all may have come. */
  #word = '';

  constructor(inside: AnswerFilter, outside: AnswerFilter) {
    this.#inside = inside;
    this.#outside = outside;
  }

  /** Something has come that is no JSON: a number is none of it any more. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  take(text: string): string {
    if (this.#isJson === undefined) {
      const first = text.trimStart()[0];
      if (first === undefined) return text;
      this.#isJson = first === '{' || first === '[';
    }
    if (!this.#isJson) return this.#inside.take(text);
    const come = this.#rest + text;
    let passed = '';
    let from = 0;
    for (;;) {
      const end = this.#isString ? readable(come, from) : quoteIn(come, from);
      const hasEnded = come[end] === '"';
      passed += this.#pass(come.slice(from, end), hasEnded);
      this.#rest = hasEnded ? '' : come.slice(end);
      if (!hasEnded) return passed;
      passed += '"';
      this.#isString = !this.#isString;
      from = end + 1;
    }
  }

  end(): string {
    const rest = this.#isJson ? this.#pass('', true) + this.#rest : this.#inside.end();
    this.#rest = '';
    return rest;
  }

  /** @param written a piece of a string, or of what stands between two */
  #pass(written: string, hasEnded: boolean): string {
    if (!this.#isString) this.#follow(written, hasEnded);
    const filter = this.#isString ? this.#inside : this.#outside;
    const said = this.#isString ? saidBy(written) : written;
    const left = filter.take(said) + (hasEnded ? filter.end() : '');
    // With its own escapes where nothing is changed.
    if (left === said) return written;
    return this.#isString ? JSON.stringify(left).slice(1, -1) : left;
  }

  /** @param written stands between two strings, or is a piece of that */
  #follow(written: string, hasEnded: boolean): void {
    if (this.#isBroken) return;
    const come = this.#word + written;
    const words: string[] = come.match(/[A-Za-z]+/g) ?? [];
    const goesOn = !hasEnded && /[A-Za-z]$/.test(come);
    this.#word = goesOn ? (words.pop() ?? '') : '';
    this.#isBroken =
      NO_FORM.test(written) ||
      words.some((word) => !WORDS.includes(word)) ||
      !WORDS.some((word) => word.startsWith(this.#word));
  }
}

function quoteIn(text: string, from: number): number {
  const at = text.indexOf('"', from);
  return at < 0 ? text.length : at;
}

/** How far a string can be read: to its closing quote, or before an escape of which not all has come. */
function readable(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '"') {
    const length = text[at] !== '\\' ? 1 : text[at + 1] === 'u' ? 6 : 2;
    if (at + length > text.length) break;
    at += length;
  }
  return at;
}

const ESCAPES = /\\(?:u([0-9A-Fa-f]{4})|(["\\/bfnrt]))/g;
const SIGNS: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

const saidBy = (written: string): string =>
  written.replace(ESCAPES, (_, unit: string | undefined, sign: string) =>
    unit === undefined ? (SIGNS[sign] ?? sign) : String.fromCharCode(Number.parseInt(unit, 16)),
  );
