type ReviverContext = { source?: string };
/** In Node since 22 (ECMAScript proposal "JSON.parse source text access"); not in TypeScript's library yet. */
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
};

/** Numbers that may not come back as they were written: minus zero, many digits, exponents, zeros at the end. */
const DELICATE = /(?:^|[:,[\s])(?:-0(?![.\d])|-?\d{16}|-?[\d.]{17}|-?\d+(?:\.\d+)?[eE]|-?\d+\.\d*0(?!\d))/;

const WHOLE = /^-?\d{16,}$/;

const keepNumbers = (_key: string, value: unknown, { source }: ReviverContext): unknown =>
  typeof value === 'number' && source !== undefined && String(value) !== source ? rawJSON(source) : value;

/**
 * JSON as a value whose numbers are written by `JSON.stringify` as they were read: `12345678901234567890` is a key of
 * somebody's database, and `10.00` a price. Where this language has the number it is one; else it is an object that
 * `JSON.isRawJSON` knows.
 * @throws SyntaxError
 */
export const parseExact = (text: string): unknown => exactJson(text, JSON.parse(text));

/** The same for who has parsed it already. @param value what `JSON.parse` made of the text */
export function exactJson(text: string, value: unknown): unknown {
  // Parsing with a look at each number takes several times as long.
  return DELICATE.test(text) ? JSON.parse(text, keepNumbers as Parameters<typeof JSON.parse>[1]) : value;
}

/**
 * Whether a text holds a whole number that this language would make another of: an id that would name something else.
 * @param text that is JSON
 */
export function altersIntegers(text: string): boolean {
  if (!DELICATE.test(text)) return false;
  let alters = false;
  const look = (_key: string, value: unknown, { source = '' }: ReviverContext): unknown => {
    if (typeof value === 'number' && WHOLE.test(source))
      alters ||= !Number.isFinite(value) || BigInt(source) !== BigInt(value);
    return value;
  };
  JSON.parse(text, look as Parameters<typeof JSON.parse>[1]);
  return alters;
}

/** Whether a value is a number that is kept as it was written. */
export const isExactNumber = (value: unknown): boolean => isRawJSON(value);

/** The value with numbers as this language has them, for who reckons with it; the same object if they all are. */
export function plainNumbers(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isRawJSON(value)) return Number(value.rawJSON);
  if (Array.isArray(value)) {
    const plain = value.map(plainNumbers);
    return plain.some((each, at) => each !== value[at]) ? plain : value;
  }
  let plain: Record<string, unknown> | undefined;
  for (const [key, each] of Object.entries(value)) {
    const other = plainNumbers(each);
    if (other === each) continue;
    plain ??= { ...value };
    Object.defineProperty(plain, key, { value: other, enumerable: true, configurable: true, writable: true });
  }
  return plain ?? value;
}
