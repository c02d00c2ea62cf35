import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Service } from '../../../src/demo/http-service.ts';
import { startModelService } from '../../../src/demo/model-service.ts';
import { startShopBackend } from '../../../src/demo/shop-backend.ts';

let shop: Service;
let model: Service;
let openai: OpenAI;
beforeAll(async () => {
  shop = await startShopBackend({ port: 0, name: 'a' });
  model = await startModelService({ port: 0, name: 'm' });
  openai = new OpenAI({ baseURL: `${model.url}/v1`, apiKey: 'demo', maxRetries: 0 });
});
afterEach(() => {
  shop.faults.clear();
  model.faults.clear();
});
afterAll(() => Promise.all([shop.close(), model.close()]));

const product = '/api/v1/products/p-1';
const chat = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'Hello' }] };
const streamed = { ...chat, stream: true as const, stream_options: { include_usage: true } };

/** What really came over the wire: the bytes, and whether the answer ended whole. */
async function wire(
  path: string,
  headers = {},
): Promise<{ answer: IncomingMessage; text: string; whole: boolean }> {
  const out = request(`${shop.url}${path}`, { headers, agent: false });
  out.end();
  const [answer] = (await once(out, 'response')) as [IncomingMessage];
  let text = '';
  answer.setEncoding('latin1').on('data', (part: string) => {
    text += part;
  });
  // events.once would reject at the 'error' of a broken answer, which is what is looked for here.
  answer.on('error', () => out.destroy());
  await new Promise((resolve) => answer.once('close', resolve));
  return { answer, text, whole: answer.complete };
}

async function failure(path: string): Promise<NodeJS.ErrnoException> {
  const out = request(`${shop.url}${path}`, { agent: false });
  out.end();
  const [error] = await once(out, 'error');
  return error;
}

test('latencyMs waits before the answer', async () => {
  shop.faults.set({ latencyMs: 80 });
  const from = performance.now();
  const { whole } = await wire(product);
  expect(whole).toBe(true);
  expect(performance.now() - from).toBeGreaterThanOrEqual(75);
});

test('status answers with a body and a retry-after, and the SDK raises its typed error', async () => {
  shop.faults.set({ status: { value: 503, retryAfter: 7 } });
  const { answer, text } = await wire(product);
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '7']);
  expect(JSON.parse(text).error.status).toBe(503);
  model.faults.set({ status: 429 });
  await expect(openai.chat.completions.create(chat)).rejects.toBeInstanceOf(OpenAI.RateLimitError);
});

test('reset breaks the connection before any header', async () => {
  shop.faults.set({ reset: true });
  expect((await failure(product)).code).toBe('ECONNRESET');
});

test('truncate promises more bytes than it sends', async () => {
  shop.faults.set({ truncate: true });
  const { answer, text, whole } = await wire(product);
  expect(whole).toBe(false);
  expect(text.length).toBeGreaterThan(0);
  expect(text.length).toBe(Math.floor(Number(answer.headers['content-length']) / 2));
});

test('truncate cuts a stream inside the event after n', async () => {
  shop.faults.set({ truncate: 2 });
  const { text, whole } = await wire('/api/v1/orders/events?interval=0');
  expect(whole).toBe(false);
  expect(text.match(/\n\n/g)).toHaveLength(2);
  expect(text).toMatch(/\n\nid: 3\n[^\n]*/);
  expect(text.endsWith('\n\n')).toBe(false);
});

test('truncate breaks a stream that is shorter than its cut', async () => {
  shop.faults.set({ truncate: 50 });
  const { text, whole } = await wire('/api/v1/orders/events?interval=0&count=2');
  expect([whole, text.match(/\n\n/g)?.length]).toEqual([false, 2]);
});

test.each([product, '/api/v1/orders/events'])('stall sends the headers of %s, then silence', async (path) => {
  shop.faults.set({ stall: true });
  const out = request(`${shop.url}${path}`, { agent: false });
  out.end();
  const [answer] = (await once(out, 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(200);
  const silence = await Promise.race([
    once(answer, 'data').then(() => 'data'),
    new Promise((resolve) => setTimeout(resolve, 100, 'silence')),
  ]);
  out.destroy();
  expect(silence).toBe('silence');
});

test.each([
  product,
  '/api/v1/orders/events',
])('garbage is a whole answer that is neither JSON nor SSE: %s', async (path) => {
  shop.faults.set({ garbage: true });
  const { answer, text, whole } = await wire(path);
  expect([answer.statusCode, whole]).toEqual([200, true]);
  expect(() => JSON.parse(text)).toThrow();
  expect(text).not.toMatch(/^(data|id|event):/m);
});

test('htmlError is a page under status 500', async () => {
  shop.faults.set({ htmlError: true });
  const { answer, text } = await wire(product);
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([500, 'text/html; charset=utf-8']);
  expect(text).toContain('<html>');
});

test('slowFirstTokenMs and betweenTokensMs hold tokens back, not the headers', async () => {
  model.faults.set({ slowFirstTokenMs: 80, betweenTokensMs: 20 });
  // From before the request: a busy machine makes tokens come later than they were sent, never earlier.
  const from = performance.now();
  const stream = await openai.chat.completions.create(streamed);
  const at: number[] = [];
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) at.push(performance.now() - from);
  // A timer may fire a millisecond early.
  expect(at[0]).toBeGreaterThanOrEqual(79);
  expect(at.at(-1)).toBeGreaterThanOrEqual(80 + 20 * (at.length - 1) - at.length);
});

test('missingUsage leaves usage out, streamed and whole', async () => {
  model.faults.set({ missingUsage: true });
  expect((await openai.chat.completions.create(chat)).usage).toBeUndefined();
  for await (const chunk of await openai.chat.completions.create(streamed))
    expect(chunk.usage).toBeUndefined();
});

test('missingFinish ends a stream without finish reason and [DONE]', async () => {
  model.faults.set({ missingFinish: true });
  expect((await openai.chat.completions.create(chat)).choices[0]?.finish_reason).toBeNull();
  const raw = await openai.chat.completions.create(streamed).asResponse();
  const text = await raw.text();
  expect(text).toContain('"content":"Hello!"');
  expect(text).not.toMatch(/"finish_reason":"|\[DONE\]/);
});

test('what a fault ended is not counted as a client that left', async () => {
  const own = await startShopBackend({ port: 0, name: 'b' });
  own.faults.set({ truncate: true });
  await expect(fetch(`${own.url}${product}`).then((answer) => answer.text())).rejects.toThrow();
  own.faults.set({ reset: true });
  await expect(fetch(`${own.url}${product}`)).rejects.toThrow();
  expect(own.stats).toMatchObject({ requests: 2, aborted: 0 });
  await own.close();
});
