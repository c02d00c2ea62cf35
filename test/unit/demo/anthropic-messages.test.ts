import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Service } from '../../../src/demo/http-service.ts';
import { startModelService } from '../../../src/demo/model-service.ts';

let service: Service;
beforeAll(async () => {
  service = await startModelService({ port: 0, name: 'backup' });
});
afterAll(() => service.close());

function send(body: Record<string, unknown>, key = 'demo') {
  return fetch(`${service.url}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'claude-haiku-4-5', max_tokens: 100, ...body }),
  });
}

const hello = { messages: [{ role: 'user', content: 'Hello' }] };

test('a message is answered with a text block, stop reason and usage', async () => {
  const answer = await send({ system: 'Be kind', ...hello });
  expect(await answer.json()).toMatchObject({
    type: 'message',
    role: 'assistant',
    model: 'claude-haiku-4-5',
    content: [{ type: 'text', text: 'Hello! How can I help you today?' }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 9, output_tokens: 7 },
  });
});

test('a stream names its events in the order of the API', async () => {
  const text = await (await send({ ...hello, stream: true })).text();
  const names = [...text.matchAll(/^event: (\w+)$/gm)].map((match) => match[1]);
  expect([...new Set(names)]).toEqual([
    'message_start',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ]);
  expect(text).toContain('"stop_reason":"end_turn"');
});

test('a forced tool is called with an input of its schema', async () => {
  const tool = {
    name: 'refund_order',
    input_schema: { type: 'object', properties: { orderId: { type: 'string' } } },
  };
  const answer = await send({
    messages: [{ role: 'user', content: 'Send back 778123' }],
    tools: [tool],
    tool_choice: { type: 'any' },
  });
  expect(await answer.json()).toMatchObject({
    stop_reason: 'tool_use',
    content: [{ type: 'tool_use', name: 'refund_order', input: { orderId: '778123' } }],
  });
});

test('errors come in the shape of this API', async () => {
  const wrongKey = await send(hello, 'wrong');
  expect([wrongKey.status, await wrongKey.json()]).toEqual([
    401,
    { type: 'error', error: { type: 'authentication_error', message: 'invalid x-api-key' } },
  ]);
  service.faults.set({ status: { value: 529 } });
  const overloaded = await send(hello);
  service.faults.clear();
  expect(overloaded.status).toBe(529);
  expect(await overloaded.json()).toMatchObject({ type: 'error', error: { type: 'overloaded_error' } });
});
