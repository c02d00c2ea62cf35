import { isUtf8 } from 'node:buffer';
import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto';
import type { KnownLog, LogMark } from '../../context/known-log.ts';
import type { AnyFormat, Format } from '../../contracts/format.ts';
import type { JsonObject, ModelRequest } from '../../contracts/model-request.ts';
import { isObject, parseObject } from '../../lib/json.ts';
import { isSpace, type Span, topLevelValues, valueEnd } from '../../lib/json-span.ts';

const LIST = 'messages';
const [CLOSE, COMMA] = [0x5d, 0x2c];
const SYSTEM: ReadonlySet<unknown> = new Set(['system', 'developer']);

/** A body that begins with a log that is known, read without it: of a long conversation that is a hundredth. */
export interface BodyBehind {
  readonly known: KnownLog;
  /** All of its fields; of its list the system's entries that stand first, and what comes behind the log. */
  readonly body: JsonObject;
  /** What comes behind it. */
  readonly tail: readonly unknown[];
  /** Where the values of a key at its top level stand in all of it; see `topLevelValues`. */
  valuesOf(key: string): Span[];
}

/**
 * Reads of a body that begins with a log that is known only the rest: what begins so has been read before, byte for byte.
 * @returns undefined if it does not begin so, or can't be read: who reads all of it says where it is wrong
 */
export function readBehind(
  bytes: Buffer,
  { name }: Pick<AnyFormat, 'name'>,
  known: KnownLog,
): BodyBehind | undefined {
  if (known.format !== name) return undefined;
  let next = known.bytes;
  while (isSpace(bytes[next])) next++;
  if (bytes[next] !== COMMA || digestOf(bytes, known.bytes) !== known.digest) return undefined;
  // Between what stands before and what comes behind there is one comma, or none.
  const cut = { start: known.head, end: known.systems > 0 ? next : next + 1 };
  const rest = bytes.subarray(cut.end);
  if (!isUtf8(rest)) return undefined;
  const short = Buffer.concat([bytes.subarray(0, cut.start), rest]);
  const body = parseObject(short.toString());
  const list: unknown = body?.[LIST];
  if (!body || !Array.isArray(list)) return undefined;
  const tail: readonly unknown[] = list.slice(known.systems);
  const [first] = tail;
  if (tail.length < 2 || !isObject(first) || first.role !== 'assistant') return undefined;
  // Named twice, parsers take different ones.
  if (topLevelValues(short, LIST).length !== 1) return undefined;
  const left = cut.end - cut.start;
  const placed = (at: number): number => (at < cut.start ? at : at + left);
  const valuesOf = (key: string): Span[] =>
    topLevelValues(short, key).map(({ start, end }) => ({ start: placed(start), end: placed(end) }));
  return { known, body, tail, valuesOf };
}

/** What such a request says, without the messages that were known; undefined if its format can't read it. */
export function readTail({ body }: BodyBehind, format: Format<ModelRequest>): ModelRequest | undefined {
  try {
    return format.readRequest(body);
  } catch {
    // Who reads all of it says where it is wrong.
    return undefined;
  }
}

/** How long a body's list is, and how many of the system's entries stand first; nothing where its format has no such list. */
export function entriesIn(
  body: JsonObject,
  { lists }: Pick<AnyFormat, 'lists'>,
): Pick<LogMark, 'entries' | 'systems'> {
  const list: unknown = lists.includes(LIST) ? body[LIST] : [];
  if (!Array.isArray(list)) return { entries: 0, systems: 0 };
  const first = list.findIndex((each) => !isObject(each) || !SYSTEM.has(each.role));
  return { entries: list.length, systems: first < 0 ? list.length : first };
}

/** What a body with a list of messages is known by; undefined: its format has none, or it has two. */
export function markOf(
  bytes: Buffer,
  about: Pick<LogMark, 'format' | 'entries' | 'systems'>,
): LogMark | undefined {
  if (about.entries === 0) return undefined;
  const [span, ...more] = topLevelValues(bytes, LIST);
  if (!span || more.length > 0) return undefined;
  let end = valueEnd(bytes, span.start) - 1;
  if (bytes[end] !== CLOSE) return undefined;
  while (isSpace(bytes[end - 1])) end--;
  const head = headEnd(bytes, span.start, about.systems);
  return { ...about, bytes: end, digest: digestOf(bytes, end), head };
}

/** @param start of the list @param systems entries before it */
function headEnd(bytes: Buffer, start: number, systems: number): number {
  let at = start + 1;
  for (let passed = 0; passed < systems; passed++) {
    while (isSpace(bytes[at]) || bytes[at] === COMMA) at++;
    at = valueEnd(bytes, at);
  }
  return at;
}

/** Made once: of bytes Node makes one anew at each use. */
const KEY = createSecretKey(randomBytes(16));
const NONCE = Buffer.alloc(12);

/**
 * GMAC (NIST SP 800-38D): all of a log is read at every turn, and a hash takes five times as long (54 and 345 µs of 300 kB).
 * Two that differ are as good as never the same for who knows neither key nor tags, and both stay in this process: so there
 * is no need of another nonce.
 */
function digestOf(bytes: Buffer, end: number): string {
  const mac = createCipheriv('aes-128-gcm', KEY, NONCE);
  mac.setAAD(bytes.subarray(0, end));
  mac.final();
  return mac.getAuthTag().toString('base64');
}
