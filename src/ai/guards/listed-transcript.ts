import type { RequestText } from '../../contracts/guard.ts';
import { type GuardText, guardedPieces } from './guarded-pieces.ts';
import { type JsonString, jsonStrings, writeStrings } from './json-strings.ts';

/**
 * Reads a transcript, or a line of one, that is a list as JSON: what it says are the strings in it. Names are no part of
 * that, and guarded each by itself at once.
 *
 * @returns undefined: it is no list, or there is no string in it
 */
export function readList(text: string, guard: GuardText): ListedTranscript | undefined {
  if (text.trimStart()[0] !== '[') return undefined;
  const json = { role: '', isKept: false, text };
  const strings = jsonStrings(json) ?? [];
  return strings.length === 0 ? undefined : new ListedTranscript(json, strings, guard);
}

class ListedTranscript {
  readonly #json: RequestText;
  readonly #strings: readonly JsonString[];
  readonly #said: readonly JsonString[];

  constructor(json: RequestText, strings: readonly JsonString[], guard: GuardText) {
    this.#json = json;
    this.#strings = strings;
    const values = strings.filter(({ isName }) => !isName);
    // Where nothing else is said they are.
    this.#said = values.length > 0 ? values : strings;
    if (values.length > 0) for (const each of strings) if (each.isName) each.text = guard(each.text);
  }

  /** All that it says, one behind the other. */
  get text(): string {
    return this.#said.map(({ text }) => text).join(' ');
  }

  /** As it was written, but for what was changed. */
  get json(): string {
    writeStrings(this.#strings);
    return this.#json.text;
  }

  /** As the guards leave it, each string in its place. They read it as the one text that it is. */
  guarded(guard: GuardText): string {
    const guarded = guardedPieces(
      this.#said.map(({ text }) => text),
      guard,
    );
    for (const [i, each] of this.#said.entries()) each.text = guarded[i] as string;
    return this.json;
  }

  /** With another text: it stands where the first string did. */
  write(text: string): string {
    for (const [i, each] of this.#said.entries()) each.text = i === 0 ? text : '';
    return this.json;
  }
}
