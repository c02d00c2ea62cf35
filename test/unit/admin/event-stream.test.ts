import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { EventStream } from '../../../src/admin/event-stream.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A reader; one that reads nothing keeps what was written waiting. */
function reader(reads: boolean): { response: ServerResponse; text(): string } {
  let text = '';
  const response = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      if (reads) done();
    },
  });
  return { response: response as unknown as ServerResponse, text: () => text };
}

it('a silent stream is kept open by a heartbeat, until it is closed', () => {
  const { response, text } = reader(true);
  const onClose = vi.fn();
  const stream = new EventStream(response, onClose);
  stream.send('change', 'a-1', { to: 'open' });
  vi.advanceTimersByTime(45_000);
  expect(text()).toBe(`event: change\nid: a-1\ndata: {"to":"open"}\n\n${': still here\n\n'.repeat(3)}`);

  response.destroy();
  vi.useRealTimers();
  return vi.waitFor(() => expect(onClose).toHaveBeenCalledOnce(), 10_000);
});

it('a reader that reads nothing is cut off, and costs no more than its bound', () => {
  const { response } = reader(false);
  const stream = new EventStream(response, () => undefined);
  const kilobyte = 'x'.repeat(1024);
  for (let i = 0; i < 1000; i++) stream.send('change', String(i), kilobyte);
  expect(response.destroyed).toBe(true);
  expect(response.writableLength).toBeLessThan(260 * 1024);
});
