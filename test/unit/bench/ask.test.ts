import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { ask } from '../../../bench/harness/ask.ts';
import { GET_1KB } from '../../../bench/load/messages.ts';

test('an answer that takes seconds is late and no error', async () => {
  const server = createServer((_, response) => void setTimeout(() => response.end('at last'), 6_000));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await ask(origin, GET_1KB)).toEqual({ status: 200, body: 'at last' });
});
