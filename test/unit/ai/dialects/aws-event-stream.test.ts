import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openEventStreamFraming } from '../../../../src/ai/dialects/aws-event-stream.ts';

const BYTES = readFileSync(
  new URL('../../../fixtures/providers/bedrock-converse-tools.eventstream', import.meta.url),
);

function framed(...chunks: Buffer[]) {
  const events: string[] = [];
  let tooLarge = 0;
  const framing = openEventStreamFraming(
    ({ event }) => events.push(event),
    () => tooLarge++,
  );
  for (const chunk of chunks) framing.feed(chunk);
  framing.end();
  return { events, tooLarge };
}

it('half a message says nothing', () => {
  expect(framed(BYTES.subarray(0, 50)).events).toEqual([]);
});

it('behind a message with a wrong checksum nothing is read', () => {
  const broken = Buffer.from(BYTES);
  broken.writeUInt8(broken.readUInt8(100) ^ 1, 100);
  expect(framed(broken, BYTES)).toEqual({ events: ['invalidMessageException'], tooLarge: 0 });
});

it('a length that no message has ends the reading, and nothing is held', () => {
  const length = Buffer.from([0xff, 0xff, 0xff, 0xff]);
  expect(framed(length, BYTES)).toEqual({ events: [], tooLarge: 1 });
});
