import type { AnswerFilter } from '../../src/contracts/guard.ts';

/** Characters that are kept to tell whether all of it is JSON. What is longer is taken on trust. */
const MOST = 256 * 1024;

/**
 * Reads JSON that comes in any pieces: one filter gets what its strings say, others what stands outside of them. So JSON stays
 * JSON: other words in the place of a number, or of the half of an escape, would be none. What begins as neither an object nor a
 * list is a text; so is what turns out to be no JSON once it has ended, for which all waits from where that tells.
 */
export class JsonStrings implements AnswerFilter {
  readonly #inside: AnswerFilter;
  readonly #outside: AnswerFilter;
  readonly #asText: AnswerFilter;
  readonly #onText: () => void;
  /** Undefined: only white space has come. */
  #isJson: boolean | undefined;
  #isString = false;
  /** An escape of which not all has come. */
  #rest = '';
  /** All that has come; undefined: too much. */
  #whole: string | undefined = '';
  /** What goes on, by what it turns out to be; undefined: that is the same as yet. */
  #held: { json: string; text: string } | undefined;

  /**
   * @param inside reads what the strings say
   * @param outside reads what stands between them in JSON
   * @param asText reads the same where it is none
   * @param onText is told that it was none
   */
  constructor(inside: AnswerFilter, outside: AnswerFilter, asText: AnswerFilter, onText: () => void) {
    this.#inside = inside;
    this.#outside = outside;
    this.#asText = asText;
    this.#onText = onText;
  }

  take(text: string): string {
    if (this.#isJson === undefined) {
      const first = text.trimStart()[0];
      if (first === undefined) return text;
      this.#isJson = first === '{' || first === '[';
    }
    if (!this.#isJson) return this.#inside.take(text);
    if (this.#whole !== undefined)
      this.#whole = text.length > MOST - this.#whole.length ? undefined : this.#whole + text;
    const come = this.#rest + text;
    let [json, other] = ['', ''];
    let from = 0;
    for (;;) {
      const end = this.#isString ? readable(come, from) : quoteIn(come, from);
      const hasEnded = come[end] === '"';
      const left = this.#pass(come.slice(from, end), hasEnded);
      json += left.json;
      other += left.text;
      this.#rest = hasEnded ? '' : come.slice(end);
      if (!hasEnded) return this.#goOn(json, other);
      json += '"';
      other += '"';
      this.#isString = !this.#isString;
      from = end + 1;
    }
  }

  end(): string {
    if (!this.#isJson) return this.#inside.end();
    const { json, text } = this.#pass('', true);
    const rest = this.#rest;
    this.#rest = '';
    const isText = this.#whole !== undefined && !isJson(this.#whole);
    if (isText) this.#onText();
    const { json: heldJson, text: heldText } = this.#held ?? { json: '', text: '' };
    this.#held = undefined;
    return (isText ? heldText + text : heldJson + json) + rest;
  }

  #goOn(json: string, text: string): string {
    const held = this.#held;
    if (!held && json === text) return json;
    const next = { json: (held?.json ?? '') + json, text: (held?.text ?? '') + text };
    this.#held = this.#whole === undefined ? undefined : next;
    return this.#held ? '' : next.json;
  }

  /** @param written a piece of a string, or of what stands between two */
  #pass(written: string, hasEnded: boolean): { json: string; text: string } {
    if (!this.#isString)
      return {
        json: through(this.#outside, written, hasEnded),
        text: through(this.#asText, written, hasEnded),
      };
    const said = saidBy(written);
    const left = through(this.#inside, said, hasEnded);
    // With its own escapes where nothing is changed.
    const passed = left === said ? written : JSON.stringify(left).slice(1, -1);
    return { json: passed, text: passed };
  }
}

const through = (filter: AnswerFilter, text: string, hasEnded: boolean): string =>
  filter.take(text) + (hasEnded ? filter.end() : '');

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
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
