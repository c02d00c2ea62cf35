import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Service } from '../../../src/demo/http-service.ts';
import { startShopBackend } from '../../../src/demo/shop-backend.ts';

let shop: Service;
beforeAll(async () => {
  shop = await startShopBackend({ port: 0, name: 'a' });
});
afterAll(() => shop.close());

interface Answer {
  items: unknown[];
  price: { amount: number };
  orderId: string;
}

const json = async (path: string, init?: RequestInit) =>
  (await (await fetch(`${shop.url}${path}`, init)).json()) as Answer;
const post = (body: string) => ({ method: 'POST', body });

test('a product is the same on every backend, each answer says which backend it came from', async () => {
  const other = await startShopBackend({ port: 0, name: 'b' });
  const here = await fetch(`${shop.url}/api/v1/products/p-7`);
  const there = await fetch(`${other.url}/api/v1/products/p-7`);
  expect([here.headers.get('x-backend'), there.headers.get('x-backend')]).toEqual(['a', 'b']);
  expect(await here.json()).toEqual(await there.json());
  await other.close();
});

test('the catalogue lists, prices and counts', async () => {
  expect((await json('/api/v1/products?limit=3')).items).toHaveLength(3);
  expect((await json('/api/v1/products/p-1')).price.amount).toBeGreaterThan(0);
  expect(await json('/api/v1/products/p-1/stock')).toMatchObject({
    id: 'p-1',
    available: expect.any(Number),
  });
  expect((await json('/api/v1/recommendations')).items).toHaveLength(4);
  expect(await json('/healthz')).toEqual({ status: 'ok', name: 'a' });
});

test('checkout gives each cart its order and refuses what is no cart', async () => {
  const first = await json('/api/v1/checkout', post('{"cart":"c1"}'));
  const second = await json('/api/v1/checkout', post('{"cart":"c1"}'));
  expect(first.orderId).not.toBe(second.orderId);
  expect((await fetch(`${shop.url}/api/v1/checkout`, post('{"cart":1}'))).status).toBe(400);
  expect((await fetch(`${shop.url}/api/v1/checkout`, post('cart=1'))).status).toBe(400);
});

test('order events carry ids and go on after the last one seen', async () => {
  const path = `${shop.url}/api/v1/orders/events?interval=1&count=3`;
  const answer = await fetch(path, { headers: { 'last-event-id': '41' } });
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  const ids = [...(await answer.text()).matchAll(/^id: (\d+)$/gm)].map((match) => match[1]);
  expect(ids).toEqual(['42', '43', '44']);
});

test('echo streams back before the request has ended', async () => {
  let finish = (): void => undefined;
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('first '));
      finish = () => {
        controller.enqueue(new TextEncoder().encode('last'));
        controller.close();
      };
    },
  });
  const answer = await fetch(`${shop.url}/api/v1/echo`, {
    method: 'POST',
    body,
    duplex: 'half',
  } as RequestInit);
  const reader = answer.body!.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('first ');
  finish();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('last');
});

test('HEAD has headers and no body, an unknown path is a 404', async () => {
  const head = await fetch(`${shop.url}/api/v1/products/p-1`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  expect((await fetch(`${shop.url}/nowhere`)).status).toBe(404);
});
