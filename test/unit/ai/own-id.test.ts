import { expect, it } from 'vitest';
import { replaceId, replaceKept } from '../../../src/ai/memory/own-id.ts';

const KEPT = { store: true, previous_response_id: null, conversation: { id: 'gespräch 🙂' } };
const renamed = (bytes: Buffer | string): string =>
  Buffer.from(replaceKept(replaceId(bytes, 'resp_theirs', 'resp_ours'), KEPT) as Buffer).toString();

const SAID =
  'data: {"response":{"id":"resp_theirs","output":"ä 🙂","previous_response_id": null,"store":false}}\n\n';
const OURS =
  'data: {"response":{"id":"resp_ours","output":"ä 🙂","previous_response_id":null,"conversation":{"id":"gespräch 🙂"},"store":true}}\n\n';

it('says by which id a response is known here, and where it is kept, in bytes and in texts', () => {
  expect([renamed(Buffer.from(SAID)), renamed(SAID)]).toEqual([OURS, OURS]);
  const other = Buffer.from('data: {"delta":"ä"}\n\n');
  expect(replaceKept(replaceId(other, 'resp_theirs', 'resp_ours'), KEPT)).toBe(other);
});

it('of an event that goes on in pieces, wherever it is cut, no character is broken', () => {
  const bytes = Buffer.from(SAID);
  for (let at = 1; at < bytes.length; at++) {
    const pieces = [bytes.subarray(0, at), bytes.subarray(at)].map((piece) =>
      Buffer.from(replaceKept(replaceId(piece, 'resp_theirs', 'resp_ours'), KEPT) as Buffer),
    );
    expect(Buffer.concat(pieces).toString(), `cut at ${at}`).toContain('"output":"ä 🙂"');
  }
});
