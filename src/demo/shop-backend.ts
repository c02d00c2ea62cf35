/** A shop's API on loopback: catalogue, checkout, recommendations, order events. */
import { pipeline } from 'node:stream/promises';
import { fnv1a } from '../lib/hash-text.ts';
import { type Call, pause, readBody, readJsonObject, refuse } from './call.ts';
import { type Service, type ServiceOptions, startService } from './http-service.ts';
import { openEvents, sendBytes, sendJson, sseEvent } from './reply.ts';
import { listProducts, productOf, stockOf } from './shop-catalogue.ts';

/** Starts a shop backend; each of its answers carries `x-backend: <name>`. */
export function startShopBackend(options: ServiceOptions): Promise<Service> {
  let orders = 0;
  return startService(options, {
    headers: { 'x-backend': options.name },
    problem: (status, message) => ({ error: { status, message } }),
    async handle(call) {
      const path = call.url.pathname;
      const [, id, stock] = /^\/api\/v1\/products\/([^/]+)(\/stock)?$/.exec(path) ?? [];
      switch (`${call.method} ${path}`) {
        case 'GET /healthz':
          return sendJson(call, 200, { status: 'ok', name: options.name });
        case 'GET /api/v1/products':
          return sendJson(call, 200, {
            items: listProducts(count(call, 'offset', 0, 1_000_000), count(call, 'limit', 20, 200)),
          });
        case 'GET /api/v1/recommendations':
          return sendJson(call, 200, { items: recommend(call.url.searchParams.get('user') ?? 'anyone') });
        case 'GET /api/v1/cart':
          return sendJson(call, 200, {
            items: [productOf(call.url.searchParams.get('product') ?? 'p-1', call.faults.priceList)],
          });
        case 'POST /api/v1/checkout':
          await readCart(call);
          orders += 1;
          return sendJson(call, 201, { orderId: `${options.name}-${String(orders).padStart(6, '0')}` });
        case 'GET /api/v1/orders/events':
          return streamOrders(call);
        case 'POST /api/v1/echo':
          return echo(call);
      }
      if (!id || call.method !== 'GET') throw refuse(call, 404, `There is no ${call.method} ${path}.`);
      return sendJson(call, 200, stock ? stockOf(id) : productOf(id, call.faults.priceList));
    },
  });
}

function recommend(user: string) {
  return listProducts(fnv1a(`user:${user}`) % 500, 4);
}

async function readCart(call: Call): Promise<void> {
  const { cart } = await readJsonObject(call);
  if (typeof cart !== 'string' || cart === '') throw refuse(call, 400, 'cart must be a non-empty string.');
}

/** An event each `?interval` ms (1000), `?count` of them (no end), going on after `Last-Event-ID`. */
async function streamOrders(call: Call): Promise<void> {
  const interval = count(call, 'interval', 1000, 3_600_000);
  const events = count(call, 'count', Number.POSITIVE_INFINITY, 1_000_000);
  const seen = Number(call.req.headers['last-event-id'] ?? 0);
  const first = Number.isSafeInteger(seen) && seen > 0 ? seen + 1 : 1;
  const stream = await openEvents(call);
  for (let id = first; id < first + events; id += 1) {
    if (id > first) await pause(call, interval);
    const order = { orderId: `order-${id}`, product: productOf(`p-${id}`).title, state: 'placed' };
    await stream.send(sseEvent({ id: String(id), event: 'order', data: JSON.stringify(order) }));
  }
  await stream.end();
}

/** Sends the body back as it comes in; whole where a fault needs to know its end. */
async function echo(call: Call): Promise<void> {
  const type = { 'content-type': call.req.headers['content-type'] ?? 'application/octet-stream' };
  const { garbage, stall, truncateAfter } = call.faults;
  if (garbage || stall || truncateAfter !== undefined) {
    return sendBytes(call, 200, await readBody(call), type);
  }
  const length = call.req.headers['content-length'];
  call.res.writeHead(200, { ...type, ...(length !== undefined && { 'content-length': length }) });
  await pipeline(call.req, call.res);
}

function count(call: Call, name: string, fallback: number, most: number): number {
  const text = call.url.searchParams.get(name);
  if (text === null) return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw refuse(call, 400, `${name} must be a whole number from 0 to ${most}.`);
}
