declare global {
  interface JSON {
    // In Node since 22 (ECMAScript proposal "JSON.parse source text access"); not in TypeScript's library yet.
    rawJSON(text: string): unknown;
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
    ): unknown;
  }
}

/** Numbers that may not come back as they were written: many digits, exponents, zeros at the end, minus zero. */
const DELICATE = /\d{16}|\d[eE]|\.\d*0(?!\d)|-0/;

/**
 * JSON as a value whose numbers keep their text: `12345678901234567890` is a key of somebody's database and `10.00` a
 * price, and both would come out of `JSON.stringify` as something else.
 * @param value what `JSON.parse` made of the text
 */
export function exactJson(text: string, value: unknown): unknown {
  if (!DELICATE.test(text)) return value;
  return JSON.parse(text, (_key, each, { source }) =>
    typeof each === 'number' && source !== undefined && String(each) !== source ? JSON.rawJSON(source) : each,
  );
}
