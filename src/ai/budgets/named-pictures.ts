import { isSpace } from '../../lib/json-span.ts';

/** How names of pictures begin: of media types and parts, and of OpenAI's parts. */
const IMAGE = '"image';
const INPUT_IMAGE = '"input_image';
const LONGEST_NAME = 64;
const QUOTE = 0x22;
const SLASH = 0x2f;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const TYPE = Buffer.from('"type"');
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
  for (const beginning of [IMAGE, INPUT_IMAGE])
    for (let at = body.indexOf(beginning); at >= 0; at = body.indexOf(beginning, at + beginning.length)) {
      const after = at + beginning.length;
      if (beginning === IMAGE && body[after] === SLASH) media++;
      else if (!isName(body, after)) continue;
      else if (isType(body, at)) types++;
      else if (beginning === IMAGE && body[after] === QUOTE && isAmazons(body, after + 1)) fields++;
    }
  return Math.max(media, fields, types);
}

/** Whether a name ends soon from there on: what has a slash is something else. */
function isName(body: Buffer, from: number): boolean {
  for (let at = from; at < from + LONGEST_NAME; at++) {
    if (body[at] === QUOTE) return true;
    if (body[at] === SLASH) return false;
  }
  return false;
}

/** Whether the value of a `type` begins there: a tool may be called as a picture is. */
function isType(body: Buffer, at: number): boolean {
  let end = at;
  while (isSpace(body[end - 1])) end--;
  if (body[--end] !== COLON) return false;
  while (isSpace(body[end - 1])) end--;
  const from = end - TYPE.length;
  return from >= 0 && body.compare(TYPE, 0, TYPE.length, from, end) === 0;
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
