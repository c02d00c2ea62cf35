import { Readable } from 'node:stream';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import type { MessageBody } from '../../../src/contracts/policy.ts';
import { readJsonBody } from '../../../src/lib/json-body.ts';

const LIMIT = 1000;
const json = { 'content-type': 'application/json' };
const read = (body: MessageBody | string, headers: object = json) =>
  readJsonBody({ ...headers }, typeof body === 'string' ? Buffer.from(body) : body, LIMIT);

it.each([
  'application/json',
  'Application/JSON; charset=utf-8',
  'application/problem+json ;a=b',
])('reads %s', async (type) => {
  expect(await read('{"a":[1,{"b":"x:{"}]}', { 'content-type': type })).toMatchObject({
    value: { a: [1, { b: 'x:{' }] },
  });
});

it.each([
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['BR', brotliCompressSync],
  ['zstd', zstdCompressSync],
])('reads %s, and hands on the bytes as they came', async (coding, compress) => {
  const body = compress(Buffer.from('{"a":1}'));
  const result = await read(body, { ...json, 'content-encoding': coding });
  expect(result).toEqual({ body, text: '{"a":1}', value: { a: 1 } });
});

it.each([
  ['empty', null],
  ['empty', ''],
  ['malformed', '{'],
  ['malformed', '{"a":1}x'],
  ['malformed', '{"a":1,"a":2}'],
  ['malformed', '[{"b":{"a":1,"\\u0061":2}}]'],
  ['malformed', Buffer.from([0x22, 0xff, 0x22])],
  ['malformed', Buffer.from('"a"', 'utf16le')],
  ['too_deep', '['.repeat(300) + ']'.repeat(300)],
  ['too_large', `"${'x'.repeat(LIMIT)}"`],
])('%s: %s', async (unread, body) => {
  expect((await read(body)).unread).toBe(unread);
});

it.each([
  ['not_json', { 'content-type': 'text/plain' }],
  ['not_json', {}],
  ['encoding_unknown', { ...json, 'content-encoding': 'gzip, gzip' }],
  ['encoding_unknown', { ...json, 'content-encoding': 'constructor' }],
  ['encoding_unknown', { 'content-type': 'application/json; charset=utf-16' }],
  ['encoding_unknown', { 'content-type': 'application/json;a=b; Charset="UTF-7"' }],
  ['encoding_unknown', { 'content-type': 'application/json; charset=utf-8; charset=utf-7' }],
  ['malformed', { ...json, 'content-encoding': 'gzip' }],
])('%s with %j', async (unread, headers) => {
  expect((await read('{}', headers)).unread).toBe(unread);
});

it('a bomb is not unpacked', async () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000, ' '));
  const body = await readJsonBody({ ...json, 'content-encoding': 'gzip' }, bomb, 100_000);
  expect(body.unread).toBe('too_large');
});

it('keys that are names of things inherited are keys', async () => {
  const { value } = (await read('{"__proto__":{"admin":true},"constructor":1}')) as { value: object };
  expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
  expect((value as { admin?: boolean }).admin).toBeUndefined();
});

it('a stream that is too long is handed on whole', async () => {
  const chunks = Array.from({ length: 50 }, (_, i) => Buffer.alloc(100, 65 + (i % 26)));
  const { unread, body } = await read(Readable.from(chunks, { objectMode: false }));
  expect(unread).toBe('too_large');
  const passed: Buffer[] = [];
  for await (const chunk of body as Readable) passed.push(chunk as Buffer);
  expect(Buffer.concat(passed).equals(Buffer.concat(chunks))).toBe(true);
});

it('who stops reading what was handed on lets go of its source', async () => {
  const source = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(600);
    })(),
    { objectMode: false },
  );
  const { body } = await read(source);
  const rest = body as Readable;
  rest.once('data', () => rest.destroy());
  await new Promise((resolve) => rest.once('close', resolve));
  expect(source.destroyed).toBe(true);
});

it('a stream that breaks is a failure, not a short body', async () => {
  const source = Readable.from(
    (async function* () {
      yield Buffer.from('{"a":1');
      throw new Error('gone');
    })(),
    { objectMode: false },
  );
  await expect(read(source)).rejects.toThrow('gone');
});
