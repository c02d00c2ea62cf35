import { expect, it } from 'vitest';
import { isJsonLines, jsonLines } from '../../../src/ai/json-lines.ts';

function reading() {
  const lines: string[] = [];
  let isTooLarge = false;
  const framing = jsonLines.openFraming(
    ({ data }) => lines.push(data),
    () => {
      isTooLarge = true;
    },
  );
  return { lines, framing, isTooLarge: () => isTooLarge };
}

it('lines are read however they are cut on the network, empty ones not, the last one without its end', () => {
  const bytes = Buffer.from('{"a":"é"}\r\n\n{"b":2}\n{"c":3}');
  for (let size = 1; size <= bytes.length; size++) {
    const { lines, framing } = reading();
    for (let at = 0; at < bytes.length; at += size) framing.feed(bytes.subarray(at, at + size));
    framing.end();
    expect(lines.map((line) => line.trim())).toEqual(['{"a":"é"}', '{"b":2}', '{"c":3}']);
  }
});

it('a line that is too long to be held is said', () => {
  const { lines, framing, isTooLarge } = reading();
  framing.feed(Buffer.from('{}\n'));
  const piece = Buffer.alloc(1024 * 1024, 'x');
  for (let i = 0; i < 9; i++) framing.feed(piece);
  expect([lines, isTooLarge()]).toEqual([['{}'], true]);
});

it('they are known by their type', () => {
  const types = ['application/x-ndjson', 'application/jsonl; charset=utf-8', 'application/stream+json'];
  expect(types.every(isJsonLines)).toBe(true);
  const others = ['application/json', 'application/json-seq', 'application/x-ndjsonx', 'text/plain', ''];
  expect(others.some(isJsonLines)).toBe(false);
});
