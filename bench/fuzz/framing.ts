import { END_HEADERS, END_STREAM, FRAME, fields, frame } from '../../test/helpers/http2-frames.ts';
import type { Chance } from './chance.ts';
import { type Message, message, mutated } from './messages.ts';

/** What one connection sends. */
export interface Sent {
  bytes: Buffer;
  requests: number;
}

const MOST_REQUESTS = 8;

/** Requests one behind the other on one connection, in HTTP/1.1 or HTTP/2; about half are left as they should be. */
export function connectionOf(chance: Chance): Sent {
  const messages = Array.from({ length: 1 + chance.below(MOST_REQUESTS) }, () => message(chance));
  const bytes = chance.happens(0.75) ? http1(messages, chance) : http2(messages, chance);
  return { bytes, requests: messages.length };
}

function http1(messages: readonly Message[], chance: Chance): Buffer {
  return Buffer.concat(
    messages.map((each) => {
      const whole = framed(each, chance);
      return chance.happens(0.3) ? mutated(whole, chance) : whole;
    }),
  );
}

const VERSIONS = ['HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'HTTP/0.9', 'http/1.1', 'HTTP/1.1 '];
const ODD_FRAMES = [
  'content-length: 0\r\ncontent-length: 5\r\n',
  'content-length: 5\r\ntransfer-encoding: chunked\r\n',
  'content-length: -1\r\n',
  'content-length: 99999999999999999999\r\n',
  'transfer-encoding: gzip, chunked\r\n',
  'transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n',
  'transfer-encoding:\r\n chunked\r\n',
];

function framed({ method, target, headers, body }: Message, chance: Chance): Buffer {
  const version = chance.happens(0.02) ? chance.pick(VERSIONS) : 'HTTP/1.1';
  let head = `${method} ${target} ${version}\r\n`;
  for (const [name, value] of headers) head += `${name}: ${value}\r\n`;
  if (chance.happens(0.04)) head += chance.pick(ODD_FRAMES);
  else if (body.length > 0 && chance.happens(0.3)) {
    const chunks = chunked(body, chance);
    return Buffer.concat([Buffer.from(`${head}transfer-encoding: chunked\r\n\r\n`, 'latin1'), chunks]);
  } else if (body.length > 0) head += `content-length: ${body.length}\r\n`;
  return Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), body]);
}

function chunked(body: Buffer, chance: Chance): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const part = body.subarray(at, at + 1 + chance.below(body.length));
    const extension = chance.happens(0.1) ? ';a="b"' : '';
    parts.push(Buffer.from(`${part.length.toString(16)}${extension}\r\n`), part, Buffer.from('\r\n'));
    at += part.length;
  }
  const trailers = chance.happens(0.2) ? 'x-api-key: x\r\ncontent-length: 3\r\n' : '';
  return Buffer.concat([...parts, Buffer.from(`0\r\n${trailers}\r\n`)]);
}

const PREFACE = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(FRAME.settings, 0, 0)]);

function http2(messages: readonly Message[], chance: Chance): Buffer {
  const frames = messages.flatMap((each, i) => {
    const stream = chance.happens(0.03) ? chance.below(20) : 2 * i + 1;
    const own: Buffer[] = [];
    if (chance.happens(0.05)) own.push(anyFrame(chance));
    const list: [string, string][] = [
      [':method', each.method],
      [':scheme', 'http'],
      [':authority', 'a'],
      [':path', each.target],
    ];
    if (chance.happens(0.05)) list.splice(chance.below(4), 1);
    for (const header of each.headers) if (header[0] !== 'host' || chance.happens(0.1)) list.push(header);
    const ends = each.body.length === 0;
    own.push(frame(FRAME.headers, END_HEADERS | (ends ? END_STREAM : 0), stream, fields(...list)));
    for (let at = 0; at < each.body.length; at += MOST_PAYLOAD) {
      const part = each.body.subarray(at, at + MOST_PAYLOAD);
      const isLast = at + MOST_PAYLOAD >= each.body.length;
      own.push(frame(FRAME.data, isLast ? END_STREAM : 0, stream, part));
    }
    if (chance.happens(0.05)) own.push(frame(FRAME.reset, 0, stream, Buffer.from([0, 0, 0, 8])));
    return own.map((bytes) => (chance.happens(0.04) ? mutated(bytes, chance) : bytes));
  });
  return Buffer.concat([PREFACE, ...frames]);
}

const MOST_PAYLOAD = 16_384;

function anyFrame(chance: Chance): Buffer {
  const payload = Buffer.from(Array.from({ length: chance.below(20) }, () => chance.below(256)));
  return frame(chance.below(12), chance.below(256), chance.below(9), payload);
}
