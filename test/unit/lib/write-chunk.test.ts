// A chunk in one piece is what Node would write in four: whoever reads it sees no difference.
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { writeChunk } from '../../../src/lib/write-chunk.ts';

const CHUNKS: (Buffer | string)[] = [
  '',
  'a',
  Buffer.from('dé'),
  '€'.repeat(200),
  Buffer.alloc(40_000, 'x'),
  'end',
];

type Write = (response: ServerResponse, bytes: Buffer | string) => unknown;

/** All bytes that a server writes to one request. */
async function written(write: Write, version: string, headers: Record<string, string>): Promise<string> {
  const server = createServer({ keepAlive: true }, (_request, response) => {
    response.sendDate = false;
    response.writeHead(200, headers);
    for (const chunk of CHUNKS) write(response, chunk);
    setImmediate(() => {
      write(response, 'later');
      response.addTrailers({ 'x-version': '7' });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(`GET / HTTP/${version}\r\nhost: a\r\nconnection: close\r\n\r\n`);
  const bytes: Buffer[] = [];
  for await (const chunk of socket) bytes.push(chunk as Buffer);
  return Buffer.concat(bytes).toString('latin1');
}

const asNode: Write = (response, bytes) => response.write(bytes);
const length = Buffer.byteLength(CHUNKS.map(String).join('') + 'later');

it.each<[string, string, Record<string, string>]>([
  ['chunked', '1.1', { trailer: 'x-version' }],
  ['of HTTP/1.0', '1.0', {}],
  ['with a length', '1.1', { 'content-length': String(length) }],
])('%s', async (_what, version, headers) => {
  const expected = await written(asNode, version, headers);
  expect(await written(writeChunk, version, headers)).toBe(expected);
  expect(expected).toContain('later');
  expect(expected.includes('x-version: 7\r\n\r\n')).toBe('trailer' in headers);
});

it('a client that does not read is waited for', async () => {
  const full = await new Promise<boolean>((resolve) => {
    const server = createServer((_request, response) => {
      response.writeHead(200);
      let hasRoom = true;
      for (let i = 0; i < 10_000 && hasRoom; i++) hasRoom = writeChunk(response, Buffer.alloc(4_000));
      resolve(!hasRoom && response.writableNeedDrain);
      response.destroy();
    });
    onTestFinished(() => void server.close());
    server.listen(0, '127.0.0.1', () => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    });
  });
  expect(full).toBe(true);
});
