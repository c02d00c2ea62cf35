/** A JSON object of which nothing is known. */
type JsonObject = { readonly [key: string]: unknown };

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object, or an empty one in place of anything else. */
export const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : EMPTY);

/** The objects of a list; of anything else none. */
export const objectsOf = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

/** The text, or '' in place of anything else. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const BRACE = 0x7b;
const SPACE = 0x20;

/** The object that a text is as JSON; undefined if it is none. */
export function parseObject(text: string): JsonObject | undefined {
  // What begins otherwise, as a stream’s `[DONE]`, is none. To hear that by an exception takes 10 microseconds.
  const first = text.charCodeAt(0);
  if (first !== BRACE && !(first <= SPACE)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The list that a text is as JSON; undefined if it is none. */
export function parseList(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A text without the mark that some begin UTF-8 with: whoever reads JSON may ignore it (RFC 8259 section 8.1). */
export const withoutMark = (text: string): string => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);

/** The string that a text is as JSON; undefined if it is none. */
export function parseString(text: string): string | undefined {
  if (text.trimStart()[0] !== '"') return undefined;
  try {
    // What begins as one is one, or no JSON.
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}

const EMPTY: JsonObject = Object.freeze({});
