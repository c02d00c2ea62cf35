import { isSpace } from '../../lib/json-span.ts';

const LONGEST_NAME = 64;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const TYPE = '"type"';
const FIELD = '"image"';
/** What Amazon's picture begins with. */
const HOLDS = /^"(?:format|source)"/;
const LONGEST_HELD = 8;

/**
 * How many pictures a body names, and need not hold, by its bytes: by their media type, Amazon's field, or the type of their part. Of
 * one picture a format writes one or two names, each of another kind. A text that quotes them reserves too much, which is given back.
 * @param body its letters spelled out
 */
export function picturesIn(body: Buffer): number {
  let [media, fields, types] = [0, 0, 0];
  for (const beginning of ['"image', '"input_image'])
    for (let at = body.indexOf(beginning); at >= 0; at = body.indexOf(beginning, at + beginning.length)) {
      const name = body.toString('latin1', at, at + LONGEST_NAME);
      if (name.startsWith('"image/')) media++;
      else if (!/^"[^"/]*"/.test(name)) continue;
      else if (isType(body, at)) types++;
      else if (name.startsWith(FIELD) && isAmazons(body, at + FIELD.length)) fields++;
    }
  return Math.max(media, fields, types);
}

/** Whether the value of a `type` begins there: a tool may be called as a picture is. */
function isType(body: Buffer, at: number): boolean {
  let end = at;
  while (isSpace(body[end - 1])) end--;
  if (body[--end] !== COLON) return false;
  while (isSpace(body[end - 1])) end--;
  return body.toString('latin1', Math.max(0, end - TYPE.length), end) === TYPE;
}

/** Whether a picture follows the name of a field there, however far from it. */
function isAmazons(body: Buffer, at: number): boolean {
  let from = spaceEnd(body, at);
  if (body[from] !== COLON) return false;
  from = spaceEnd(body, from + 1);
  if (body[from] !== OPEN_BRACE) return false;
  from = spaceEnd(body, from + 1);
  return HOLDS.test(body.toString('latin1', from, from + LONGEST_HELD));
}

function spaceEnd(body: Buffer, at: number): number {
  let end = at;
  while (isSpace(body[end])) end++;
  return end;
}
