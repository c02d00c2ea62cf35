import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { accessLogLine } from '../../../src/record/access-log.ts';
import { LiveExchange } from '../../../src/record/exchange.ts';

function exchange(headers: Record<string, string> = {}): LiveExchange {
  const socket = { remoteAddress: '127.0.0.1' };
  const request = { headers, method: 'GET', socket } as unknown as IncomingMessage;
  return new LiveExchange(request, 3, { wall: 0, monotonic: 100 });
}

it('is one JSON object, whatever the strings in it hold', () => {
  const one = exchange();
  one.path = '/a"b\\c\u2028\u0000é';
  one.query = '?token=secret&"=1&bare';
  one.consumer = 'an"na\n';
  one.consumerKey = 'k1';
  one.route = 'r';
  one.fail('upstream_reset', Object.assign(new Error('line\nbreak "quoted"'), { code: 'E1' }));
  one.end({ status: 502, complete: true, bytesIn: 1, bytesOut: 2, monotonic: 101.23456 });
  const line = accessLogLine(one);
  expect(line).not.toContain('\n');
  expect(line).not.toContain('secret');
  expect(JSON.parse(line)).toMatchObject({
    time: '1970-01-01T00:00:00.000Z',
    consumer: 'an"na\n',
    consumer_key: 'k1',
    path: '/a"b\\c\u2028\u0000é?token=…&"=…&…',
    status: 502,
    reason: 'upstream_reset',
    detail: 'E1: line\nbreak "quoted"',
    duration_ms: 1.235,
    revision: 3,
  });
});

it('leaves out what is empty', () => {
  const one = exchange();
  one.end({ status: 200, complete: true, bytesIn: 0, bytesOut: 0, monotonic: 100 });
  const fields = Object.keys(JSON.parse(accessLogLine(one)) as object);
  for (const empty of [
    'consumer',
    'consumer_key',
    'route',
    'upstream',
    'target',
    'attempts',
    'fallback',
    'detail',
  ])
    expect(fields).not.toContain(empty);
});
