import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { openaiChat } from '../../../src/ai/dialects/openai-chat/index.ts';
import { firstEvent } from '../../../src/ai/first-event.ts';
import { StreamWatch } from '../../../src/ai/watch.ts';

function read(...pieces: string[]) {
  const body = new PassThrough();
  const watch = new StreamWatch(openaiChat);
  const first = firstEvent(body, watch);
  const rest = (async () => {
    for (const piece of pieces) {
      body.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  return { body, watch, first, rest };
}

const ROLE = 'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n';
const TEXT = 'data: {"choices":[{"delta":{"content":"a"}}]}';

it('reads until the first event that says something is whole', async () => {
  const { first, watch } = read(': hello\n\n', ROLE, TEXT.slice(0, 9), `${TEXT.slice(9)}\n`, '\ndata: 2');
  expect((await first)?.toString()).toContain(`: hello\n\n${ROLE}${TEXT}\n\n`);
  expect(watch.begun).toBe(true);
});

it('gives nothing of a stream that names a role and ends', async () => {
  const { body, first, rest } = read(ROLE);
  await rest;
  body.end();
  expect(await first).toBeUndefined();
});

it('gives nothing of a stream that ends without an event', async () => {
  const { body, first, rest } = read(': one\n\n', 'data: [DONE]\n\n');
  await rest;
  body.end();
  expect(await first).toBeUndefined();
});

it('takes a last event without its empty line', async () => {
  const { body, first, rest } = read(TEXT);
  await rest;
  body.end();
  expect((await first)?.toString()).toBe(TEXT);
});

it('fails as the stream does, and leaves no listener behind', async () => {
  const { body, first, rest } = read('data: {');
  await rest;
  body.on('error', () => undefined).destroy(new Error('reset'));
  await expect(first).rejects.toThrow('reset');
  expect(body.listenerCount('readable') + body.listenerCount('end')).toBe(0);
});

it('takes an event on trust that begins with a megabyte', async () => {
  const { first, watch } = read('data: ', ...Array.from({ length: 20 }, () => 'x'.repeat(64 * 1024)));
  expect((await first)?.length).toBeGreaterThan(1024 * 1024);
  expect(watch).toMatchObject({ begun: false, failed: false });
});
