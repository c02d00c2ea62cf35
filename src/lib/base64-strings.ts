import type { Span } from './json-span.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const UPPER = 1;
const LOWER = 2;
const DIGIT = 4;
const SIGN = 8;
const ESCAPE = 16;
const MIXED = UPPER | LOWER | DIGIT;

/** What each byte may be in base64 of either alphabet (RFC 4648) as JSON has it; 0 = nothing. */
const KIND = new Uint8Array(256).fill(UPPER, 0x41, 0x5b).fill(LOWER, 0x61, 0x7b).fill(DIGIT, 0x30, 0x3a);
for (const sign of '+/-_=') KIND[sign.charCodeAt(0)] = SIGN;
KIND[BACKSLASH] = ESCAPE;

/** Signs and line ends as some write them: PHP `\/`, .NET `\u002B`, Python's `encodebytes` `\n`. */
const ESCAPES = new Set(['u002b', 'u002d', 'u002f', 'u003d', 'u005f']);
const SHORT_ESCAPES = new Set(['/', 'n', 'r'].map((char) => char.charCodeAt(0)));

/** How a data URL begins (RFC 2397), also where PHP wrote it. */
const DATA_URL = /^data:[^",]{0,100};base64,/i;
const LONGEST_DATA_URL = 113;

/** Letters at a string's beginning that are all looked at; of the others one in so many, and of escapes. */
const LOOKED_AT = 256;
const STEP = 16;
const STEP_OF_ESCAPES = 1024;

/**
 * Bytes of the strings of a JSON that are base64 and nothing else, also as data URLs. Who doesn't say so must begin with
 * capitals, small letters and digits: a text without spaces rarely does. Words have a space sooner or later, so that not every
 * letter need be looked at: 10 MB of pictures cost a few milliseconds, of text less.
 *
 * @param body valid JSON, or nothing is known of what is found
 * @param shortest of the strings that count, in bytes
 */
export function base64Bytes(body: Buffer, shortest: number): number {
  let bytes = 0;
  // What begins before it is known.
  let from = 0;
  // A string as long as that is met at the next place, wherever it begins.
  for (let at = shortest - 1; at < body.length; at = from + shortest - 1) {
    const quote = body.subarray(from, at + 1).lastIndexOf(QUOTE);
    const found = quote < 0 ? undefined : base64At(body, from + quote, shortest);
    if (found) bytes += found.end - found.start;
    from = Math.max(found?.end ?? 0, at) + 1;
  }
  return bytes;
}

/** The letters of the string whose opening quote may be at `quote`. */
function base64At(body: Buffer, quote: number, shortest: number): Span | undefined {
  if (body[quote - 1] === BACKSLASH) return undefined;
  const head = DATA_URL.exec(body.toString('latin1', quote + 1, quote + 1 + LONGEST_DATA_URL))?.[0] ?? '';
  const start = quote + 1 + head.length;
  let kinds = 0;
  let at = start;
  while (at < start + Math.min(shortest, LOOKED_AT)) {
    const kind = KIND[body[at] ?? QUOTE] as number;
    const length = kind === ESCAPE ? escapeLength(body, at) : Math.min(kind, 1);
    if (length === 0) return undefined;
    kinds |= kind;
    at += length;
  }
  if (head === '' && (kinds & MIXED) !== MIXED) return undefined;
  const end = body.indexOf(QUOTE, at);
  return end >= start + shortest && goesOn(body.subarray(at, end)) ? { start, end } : undefined;
}

/** Whether what follows a beginning in base64 is base64, too. */
function goesOn(rest: Buffer): boolean {
  // The quote behind it is none.
  if (rest.at(-1) === BACKSLASH) return false;
  for (let at = rest.indexOf(BACKSLASH); at >= 0; at = rest.indexOf(BACKSLASH, at + STEP_OF_ESCAPES))
    if (escapeLength(rest, at) === 0) return false;
  for (let at = 0; at < rest.length; at += STEP) if (KIND[rest[at] as number] === 0) return false;
  return true;
}

/** 0: it stands for what is no part of base64, as a quote. */
function escapeLength(body: Buffer, at: number): number {
  if (SHORT_ESCAPES.has(body[at + 1] as number)) return 2;
  return ESCAPES.has(body.toString('latin1', at + 1, at + 6).toLowerCase()) ? 6 : 0;
}
