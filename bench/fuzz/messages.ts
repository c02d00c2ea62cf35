import { gzipSync } from 'node:zlib';
import type { Chance } from './chance.ts';
import { KEY } from './house.ts';

/** A request before it is framed. Text is Latin-1: a character a byte. */
export interface Message {
  method: string;
  target: string;
  headers: [name: string, value: string][];
  body: Buffer;
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
const ODD_METHODS = ['TRACE', 'CONNECT', 'PROPFIND', 'M-SEARCH', 'get', 'PRI', 'BREW', ''];
const TARGETS = [
  '/',
  '/x',
  '/admin/y',
  '/limited/7',
  '/orders',
  '/cached/a',
  '/cached/a?b=c',
  '/changed/7?q=1&say=hi',
  '/shared/a',
  '/hosted/a',
  '/rewritten/a/b',
  '/mirrored/a',
  '/livez',
  '/readyz',
  '/v1/chat/completions',
  '/v1/responses',
  '/v1/messages',
  '/v1/embeddings',
  '/v1/models',
  '/v1/models/support',
];
const ODD_TARGETS = [
  '*',
  '',
  '//',
  '/..',
  '/%',
  '/%zz',
  '/%00',
  '/%ff',
  '/admin;x/y',
  '/ADMIN',
  '/x\\y',
  '/x y',
  '/x#y',
  'http://a/x',
  'http://a:b@c/x',
  '/changed/%25',
  '/changed/%2e%2e',
  '/changed/%F0%9F%92%A9',
  '/limited/',
  '/cached/%20?%%',
  '/rewritten/..;/x',
  '/rewritten//',
  `/${'a'.repeat(4000)}`,
  `/x?${'b&'.repeat(2000)}`,
  '/changed/7?say=%0d%0ax:y',
  '/changed/7?q=&q=&user',
  '/x?\u00e9',
  '/v1/models/%2e',
  '/v1/../v1/models',
  '/[]|^`{}',
  '/:p0/*',
  '/constructor',
  '/__proto__',
  '/v1/models/__proto__',
  'a:443',
  '/x?__proto__[a]=b',
];
const ODD_HEADERS: [string, string][] = [
  ['connection', 'keep-alive, x-api-key, host'],
  ['connection', 'upgrade'],
  ['connection', 'close'],
  ['upgrade', 'websocket'],
  ['upgrade', 'h2c'],
  ['http2-settings', 'AAMAAABkAAQAAP__'],
  ['keep-alive', '5'],
  ['expect', '100-continue'],
  ['expect', 'nothing'],
  ['te', 'trailers, deflate'],
  ['trailer', 'x-api-key'],
  ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ['sec-websocket-version', '13'],
  ['sec-websocket-key', ''],
  ['x-forwarded-for', '1.2.3.4, \u00ff'],
  ['forwarded', 'for="[::1]:x'],
  ['x-request-id', '\u00e9'.repeat(300)],
  ['traceparent', '00-zz-00-01'],
  ['tracestate', ','.repeat(500)],
  ['authorization', 'Bearer '],
  ['authorization', 'Basic :::'],
  ['authorization', `Bearer ${KEY}`],
  ['x-api-key', KEY],
  ['x-api-key', '\u0080'],
  ['cookie', ';;=;a'],
  ['origin', 'https://shop.example'],
  ['origin', 'null'],
  ['access-control-request-method', 'BREW'],
  ['access-control-request-method', 'POST'],
  ['if-none-match', '*'],
  ['if-modified-since', 'yesterday'],
  ['range', 'bytes=-1,0-'],
  ['cache-control', 'max-stale, only-if-cached'],
  ['cache-control', 'max-age=-1, ="'],
  ['vary', '*'],
  ['content-encoding', 'gzip'],
  ['content-encoding', 'br, x'],
  ['content-type', 'application/json; charset=\u00ff'],
  ['content-type', 'text/plain'],
  ['content-type', ''],
  ['accept-encoding', '*;q=0'],
  ['accept', 'text/event-stream'],
  ['host', 'a.example.com'],
  ['host', 'a b'],
  ['host', ''],
  ['x-tenant', 'x'.repeat(3000)],
  ['__proto__', 'x'],
  ['constructor', 'x'],
  ['toString', 'x'],
  ['grpc-timeout', '0n'],
  ['content-type', 'application/grpc'],
  ['anthropic-version', '2023-06-01'],
  ['x-h\u00e9', 'x'],
  ['x-a', 'b\u0000c'],
];
const text = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const BODIES: Buffer[] = [
  Buffer.alloc(0),
  text({ cart: 'c', items: [1, 2] }),
  text({ cart: 1 }),
  text({ model: 'support', messages: [{ role: 'user', content: 'hi' }] }),
  text({ model: 'support', messages: [{ role: 'user', content: 'hi' }], stream: true }),
  text({
    model: 'support',
    max_tokens: 5,
    messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
  }),
  text({ model: 'support', input: 'hi', stream: true }),
  text({
    model: 'support',
    input: [{ role: 'user', content: [{ type: 'input_text', text: 'hi' }] }],
    tools: [],
  }),
  text({ model: '__proto__', messages: [], stream: 'yes' }),
  text({ model: 'support', messages: [{ role: 'tool', content: null }], tools: [{ function: null }], n: -1 }),
  text({ model: 7, messages: {} }),
  Buffer.from('{"__proto__":{"a":1},"cart":"c","cart":"d"}'),
  Buffer.from('{"cart":"\ud83d","items":[1e999,-0,12345678901234567890]}'),
  Buffer.from('[[[['.repeat(500)),
  Buffer.from(`${'{"a":'.repeat(300)}1${'}'.repeat(300)}`),
  Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
  Buffer.from('null'),
  Buffer.from('{"cart":'),
  gzipSync('{"cart":"c"}'),
  gzipSync(Buffer.alloc(300_000, ' ')),
  Buffer.alloc(70_000, 'x'),
];

/** A request that a route may well take, with a share of what nobody sends. */
export function message(chance: Chance): Message {
  const headers: Message['headers'] = [];
  if (!chance.happens(0.02)) headers.push(['host', 'a']);
  if (chance.happens(0.6)) headers.push(['x-api-key', KEY]);
  if (chance.happens(0.6)) headers.push(['content-type', 'application/json']);
  for (let i = chance.below(4); i > 0 && chance.happens(0.7); i--) headers.push(chance.pick(ODD_HEADERS));
  return {
    method: chance.happens(0.03) ? chance.pick(ODD_METHODS) : chance.pick(METHODS),
    target: chance.happens(0.2) ? chance.pick(ODD_TARGETS) : chance.pick(TARGETS),
    headers,
    body: chance.happens(0.5) ? chance.pick(BODIES) : Buffer.alloc(0),
  };
}

const BYTES = [0, 9, 10, 13, 32, 34, 37, 44, 47, 58, 59, 92, 127, 128, 255];

/** Bytes that are changed here and there. */
export function mutated(bytes: Buffer, chance: Chance): Buffer {
  let changed = Buffer.from(bytes);
  for (let i = 1 + chance.below(4); i > 0 && changed.length > 0; i--) {
    const at = chance.below(changed.length);
    const end = Math.min(changed.length, at + 1 + chance.below(20));
    const [before, part, after] = [changed.subarray(0, at), changed.subarray(at, end), changed.subarray(end)];
    const other = Buffer.from([chance.happens(0.5) ? chance.pick(BYTES) : chance.below(256)]);
    switch (chance.below(5)) {
      case 0:
        changed = Buffer.concat([before, other, changed.subarray(at + 1)]);
        break;
      case 1:
        changed = Buffer.concat([before, other, changed.subarray(at)]);
        break;
      case 2:
        changed = Buffer.concat([before, after]);
        break;
      case 3:
        changed = Buffer.concat([before, part, part, after]);
        break;
      default:
        changed = chance.happens(0.3) ? Buffer.from(before) : Buffer.concat([before, part.reverse(), after]);
    }
  }
  return changed;
}
