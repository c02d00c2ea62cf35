import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import type { HeaderBag, JsonBody, MessageBody } from '../contracts/policy.ts';
import { jsonShape } from './json-shape.ts';

/** Levels. Deeper ones cost a reader that calls itself its stack, here and behind the gateway. */
const MAX_DEPTH = 200;

type Decode = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const DECODERS: ReadonlyMap<string, Decode> = new Map([
  ['gzip', promisify(gunzip) as Decode],
  ['x-gzip', promisify(gunzip) as Decode],
  ['deflate', promisify(inflate) as Decode],
  ['br', promisify(brotliDecompress) as Decode],
  ['zstd', promisify(zstdDecompress) as Decode],
]);

/** What JSON is written in, and a part of that (RFC 8259 section 8.1). */
const CHARSETS = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii']);
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]*)/gi;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a message's body as JSON, if that is what it is: whole, decompressed, up to `limit` bytes in either form. What
 * can't be read so is handed on unread; a stream that turned out too long is put together again.
 *
 * JSON that two readers may read differently (a key twice in one object, bytes that are no UTF-8) counts as malformed,
 * and what says that it is in another charset has an unknown encoding: what was looked at here must be what the next one
 * sees.
 *
 * @throws whatever the stream fails with
 */
export async function readJsonBody(headers: HeaderBag, body: MessageBody, limit: number): Promise<JsonBody> {
  if (body === null) return { body, unread: 'empty' };
  if (!isJson(headers['content-type'])) return { body, unread: 'not_json' };
  if (saysOtherCharset(headers['content-type'])) return { body, unread: 'encoding_unknown' };
  const coding = String(headers['content-encoding'] ?? 'identity').toLowerCase();
  const decode = DECODERS.get(coding);
  if (coding !== 'identity' && decode === undefined) return { body, unread: 'encoding_unknown' };
  const read = Buffer.isBuffer(body) ? wholeIfSmall(body, limit) : await collect(body, limit);
  if (!Buffer.isBuffer(read)) return { body: read.rest, unread: 'too_large' };
  if (read.length === 0) return { body: read, unread: 'empty' };
  let bytes = read;
  if (decode !== undefined) {
    try {
      bytes = await decode(read, { maxOutputLength: limit });
    } catch (error) {
      const isLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
      return { body: read, unread: isLarge ? 'too_large' : 'malformed' };
    }
  }
  return parse(bytes, read);
}

/** A reader that heeds the parameter would find something else in the same bytes: UTF-7 is ASCII to all others. */
function saysOtherCharset(contentType: string): boolean {
  if (!contentType.includes(';')) return false;
  for (const [, name] of contentType.matchAll(CHARSET))
    if (!CHARSETS.has((name as string).toLowerCase())) return true;
  return false;
}

/** `application/json` and what ends with `+json`, whatever its parameters. */
export function isJson(contentType: HeaderBag[string]): contentType is string {
  if (typeof contentType !== 'string') return false;
  const end = contentType.indexOf(';');
  const type = (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
  return type === 'application/json' || type.endsWith('+json');
}

function parse(bytes: Buffer, body: Buffer): JsonBody {
  const { depth, members } = jsonShape(bytes);
  if (depth > MAX_DEPTH) return { body, unread: 'too_deep' };
  try {
    const text = utf8.decode(bytes);
    const value: unknown = JSON.parse(text);
    return members === membersOf(value) ? { body, text, value } : { body, unread: 'malformed' };
  } catch {
    return { body, unread: 'malformed' };
  }
}

/** Fewer than were written means that a key stood twice in one object. */
function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += membersOf(item);
    return count;
  }
  for (const key of Object.keys(value)) count += 1 + membersOf((value as Record<string, unknown>)[key]);
  return count;
}

const wholeIfSmall = (body: Buffer, limit: number): Buffer | { rest: Buffer } =>
  body.length <= limit ? body : { rest: body };

/** A stream's bytes; or, where there are more than `limit`, a stream that begins with what was read already. */
async function collect(stream: Readable, limit: number): Promise<Buffer | { rest: Readable }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const chunksOf = stream.iterator({ destroyOnReturn: false });
  for await (const chunk of chunksOf) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > limit) return { rest: restOf(chunks, stream) };
  }
  return Buffer.concat(chunks, bytes);
}

function restOf(begun: readonly Buffer[], stream: Readable): Readable {
  const rest = Readable.from(together(begun, stream), { objectMode: false });
  // Whoever reads on hears of it there. Nobody may, and an error that nobody hears of would end the process.
  stream.on('error', () => undefined);
  // A generator that was never begun has no end in which it lets go of anything.
  rest.once('close', () => stream.destroy());
  return rest;
}

async function* together(begun: readonly Buffer[], stream: Readable): AsyncGenerator<Buffer> {
  try {
    yield* begun;
    for await (const chunk of stream) yield chunk as Buffer;
  } finally {
    // Who stops reading in the middle lets go of the connection behind it too.
    stream.destroy();
  }
}
