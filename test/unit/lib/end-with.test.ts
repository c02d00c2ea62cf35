import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { endWith } from '../../../src/lib/end-with.ts';

/** A response that takes a piece, and then nothing before it has drained. */
function slow(httpVersionMajor: number) {
  const pieces: number[] = [];
  const response = Object.assign(new EventEmitter(), {
    req: { httpVersionMajor },
    destroyed: false,
    isEnded: false,
    write: (piece: Buffer) => {
      pieces.push(piece.length);
      return false;
    },
    end: (rest?: Buffer) => {
      if (rest) pieces.push(rest.length);
      response.isEnded = true;
    },
  });
  return { response, pieces, asResponse: response as unknown as ServerResponse };
}

test('a large answer goes to a stream of HTTP/2 piece by piece, as its client takes it', () => {
  const { response, pieces, asResponse } = slow(2);
  endWith(asResponse, Buffer.alloc(150 * 1024));
  expect(pieces).toEqual([65_536]);
  for (let at = 0; at < 3; at++) response.emit('drain');
  expect(pieces).toEqual([65_536, 65_536, 22_528]);
  expect(response.isEnded).toBe(true);
});

test('in HTTP/1.1, where the connection tells how much is gone, it goes at once', () => {
  const { response, pieces, asResponse } = slow(1);
  endWith(asResponse, Buffer.alloc(150 * 1024));
  expect(pieces).toEqual([150 * 1024]);
  expect(response.isEnded).toBe(true);
});

test('to a client that has left nothing more is written', () => {
  const { response, pieces, asResponse } = slow(2);
  endWith(asResponse, Buffer.alloc(150 * 1024));
  response.destroyed = true;
  response.emit('drain');
  expect(pieces).toEqual([65_536]);
});
