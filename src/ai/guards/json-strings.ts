import type { RequestText } from '../../contracts/guard.ts';
import { parseList, parseObject } from '../../lib/json.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Behind a string that is a name. */
const COLON = /\s*:/y;

/**
 * The strings in a text that is an object or a list as JSON, names too: each is a text of its own. In the place of anything else,
 * a number say, other words would be no JSON.
 *
 * @returns undefined: it is neither
 */
export function jsonStrings(text: RequestText): JsonString[] | undefined {
  // Only what it may be is tried: that it is not is heard by an exception.
  const first = text.text.trimStart()[0];
  const isJson = first === '{' ? parseObject(text.text) : first === '[' && parseList(text.text);
  return isJson ? new JsonText(text).strings : undefined;
}

/** Writes JSON anew whose strings guards have changed: after all of them, since one text may hold very many. */
export function writeStrings(texts: readonly RequestText[]): void {
  for (const each of texts) if (each instanceof JsonString) each.write();
}

/** What stands between its strings stays as it was written: numbers of any length, a key that stands twice. */
class JsonText {
  readonly strings: JsonString[] = [];
  readonly #whole: RequestText;
  /** What stands between two strings, and what they are as JSON, by turns. */
  readonly #pieces: string[] = [];
  #isChanged = false;

  constructor(whole: RequestText) {
    this.#whole = whole;
    const json = whole.text;
    let from = 0;
    for (let at = json.indexOf('"'); at >= 0; at = json.indexOf('"', from)) {
      const end = stringEnd(json, at);
      const said = JSON.parse(json.slice(at, end)) as string;
      COLON.lastIndex = end;
      const place = { json: this, at: this.#pieces.length + 1, isName: COLON.test(json) };
      if (said !== '') this.strings.push(new JsonString(whole, said, place));
      this.#pieces.push(json.slice(from, at), json.slice(at, end));
      from = end;
    }
    this.#pieces.push(json.slice(from));
  }

  set(at: number, said: string): void {
    this.#pieces[at] = JSON.stringify(said);
    this.#isChanged = true;
  }

  write(): void {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    this.#whole.text = this.#pieces.join('');
  }
}

interface JsonPlace {
  readonly json: JsonText;
  readonly at: number;
  readonly isName: boolean;
}

export class JsonString implements RequestText {
  readonly role: string;
  readonly isKept: boolean;
  /** Of a field, and not what one holds. */
  readonly isName: boolean;
  readonly #json: JsonText;
  readonly #at: number;
  #text: string;

  constructor({ role, isKept }: RequestText, text: string, { json, at, isName }: JsonPlace) {
    this.role = role;
    this.isKept = isKept;
    this.isName = isName;
    this.#text = text;
    this.#json = json;
    this.#at = at;
  }

  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    if (text === this.#text) return;
    this.#text = text;
    this.#json.set(this.#at, text);
  }

  write(): void {
    this.#json.write();
  }
}

/** The end (exclusive) of the string whose opening quote is at `at`. @param json valid */
function stringEnd(json: string, at: number): number {
  for (let i = at + 1; ; i++) {
    const code = json.charCodeAt(i);
    if (code === QUOTE) return i + 1;
    if (code === BACKSLASH) i++;
  }
}
