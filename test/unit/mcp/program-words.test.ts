import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { readWords } from '../../../src/mcp/hosted/program-words.ts';

it('what a program says is read by lines, of which no one is longer than it may be', async () => {
  const stderr = new PassThrough();
  const said: string[] = [];
  readWords(stderr, (line) => said.push(line));
  const write = (text: string | Buffer) => new Promise((done) => stderr.write(text, done));
  await write('one\ntw');
  await write('o\n\n');
  for (let at = 0; at < 50; at++) await write('x'.repeat(100_000));
  await write('\nthe la');
  const umlaut = Buffer.from('ü');
  await write(umlaut.subarray(0, 1));
  await write(umlaut.subarray(1));
  stderr.end();
  await new Promise((done) => stderr.on('end', done));
  expect(said).toEqual(['one', 'two', '', 'x'.repeat(500), 'the laü']);
});
