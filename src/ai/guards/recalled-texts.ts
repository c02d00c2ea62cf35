import { snippetPieces } from '../../context/memory/snippets.ts';
import type { RequestText } from '../../contracts/guard.ts';
import { isObject } from '../../lib/json.ts';
import type { RecalledWords } from './kept-words.ts';

type Container = { [key: string]: unknown };

/** Where a text stands that ends with what was recalled for it. */
export interface RecalledPlace {
  readonly container: Container;
  readonly key: string;
  readonly words: RecalledWords;
}

/** @returns undefined if there is no such message */
export function placeOf(body: Container, words: RecalledWords | undefined): RecalledPlace | undefined {
  if (!words) return undefined;
  const list = body[words.field];
  const message = Array.isArray(list) ? (list as unknown[]).at(-1 - words.behind) : undefined;
  if (!isObject(message)) return undefined;
  const { content } = message;
  const last: unknown = Array.isArray(content) ? content.at(-1) : undefined;
  if (isObject(last)) return { container: last, key: 'text', words };
  return { container: message, key: 'content', words };
}

/**
 * The text that stands there as its speakers': what its user says now, and each passage as who said it then.
 * @param role who says it now
 * @returns undefined if it does not end so
 */
export function recalledTexts(
  { container, key, words }: RecalledPlace,
  role: string,
): RequestText[] | undefined {
  const pieces = snippetPieces(words.passages);
  const texts = pieces.map(({ text }) => text);
  const [whole, recalled] = [container[key], texts.join('')];
  if (typeof whole !== 'string' || !whole.endsWith(recalled)) return undefined;
  const before = whole.slice(0, -recalled.length);
  // In a message that is a text, and no list of parts, an empty line stands between the two.
  const end = before.endsWith('\n\n') ? before.length - 2 : before.length;
  const said = before.slice(0, end);
  const all = [said, before.slice(end), ...texts];
  const change = (at: number, text: string): void => {
    all[at] = text;
    container[key] = all.join('');
  };
  const own = said === '' ? [] : [new TextPiece(role, false, all, 0, change)];
  const passages = pieces.flatMap(({ passage }, at) =>
    passage ? [new TextPiece(passage.speaker, passage.isPutIn !== true, all, at + 2, change)] : [],
  );
  return [...own, ...passages];
}

/** One of the texts that make one. */
class TextPiece implements RequestText {
  readonly role: string;
  readonly isKept: boolean;
  readonly #all: readonly string[];
  readonly #at: number;
  readonly #change: (at: number, text: string) => void;

  constructor(
    role: string,
    isKept: boolean,
    all: readonly string[],
    at: number,
    change: (at: number, text: string) => void,
  ) {
    this.role = role;
    this.isKept = isKept;
    this.#all = all;
    this.#at = at;
    this.#change = change;
  }

  get text(): string {
    return this.#all[this.#at] as string;
  }

  set text(text: string) {
    this.#change(this.#at, text);
  }
}
