import type { AnswerFilter } from '../../src/contracts/guard.ts';

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

  constructor(inside: AnswerFilter, outside: AnswerFilter) {
    this.#inside = inside;
    this.#outside = outside;
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
    const filter = this.#isString ? this.#inside : this.#outside;
    const said = this.#isString ? saidBy(written) : written;
    const left = filter.take(said) + (hasEnded ? filter.end() : '');
    // With its own escapes where nothing is changed.
    if (left === said) return written;
    return this.#isString ? JSON.stringify(left).slice(1, -1) : left;
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
