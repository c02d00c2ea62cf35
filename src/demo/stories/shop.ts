import { people, type VisitPorts } from './people.ts';
import type { Story } from './story.ts';

const PRODUCTS = 200;
const SLOW_MS = 1000;

/** A visit: a page of the shop with what is recommended on it, the cart, and now and then the checkout. */
async function visit({ ask, visitor, notice }: VisitPorts): Promise<void> {
  const session = `visit-${visitor}`;
  const headers = { 'x-user-id': `user-${visitor % 500}`, 'x-session-id': session };
  const product = `p-${1 + (((visitor * 7919) ^ (visitor >> 3)) % PRODUCTS)}`;
  const [page, recommended] = await Promise.all([
    ask(`/api/v1/products/${product}`, { headers }),
    ask(`/api/v1/recommendations?user=${visitor % 500}`, { headers }),
  ]);
  if (recommended.ms > SLOW_MS) notice('slow page', { session, requestId: recommended.requestId });
  if (visitor % 3 === 0) {
    const cart = await ask(`/api/v1/cart?product=${product}`, { headers });
    if (page.status === 200 && cart.status === 200 && priceOf(page.body) !== priceOf(cart.body))
      notice('two prices', { session, requestId: page.requestId });
  }
  if (visitor % 2 === 0) {
    const paid = await ask('/api/v1/checkout', { method: 'POST', headers, body: { cart: product } });
    if (paid.status === 503) notice('no payment', { session, requestId: paid.requestId });
  }
}

function priceOf(body: string): number {
  const value = JSON.parse(body) as { price?: { amount: number }; items?: { price: { amount: number } }[] };
  return value.price?.amount ?? value.items?.[0]?.price.amount ?? 0;
}

const target = (url: string | undefined, weight = 1): object => ({ url, weight });

/** A shop on the first days of its new release. */
export const shop: Story = {
  name: 'shop',
  title: 'The shop',
  about:
    'A shop has just gone live: a catalogue, a cart, a checkout with two payment services, and recommendations on every page.',
  sandbox: { products: [0], payment: [0, 0], recommendations: [0, 0] },
  faults: { payment: { latencyMs: 40 }, 'payment-2': { latencyMs: 150, pool: 1 } },
  config: (urls) => ({
    upstreams: {
      catalog: { targets: [target(urls['products-1'])] },
      payment: { targets: [target(urls.payment, 4), target(urls['payment-2'], 0)] },
      recommendations: { targets: [target(urls.recommendations, 9), target(urls['recommendations-2'], 1)] },
    },
    routes: [
      {
        name: 'products',
        match: { path: '/api/v1/products/*', methods: ['GET'] },
        upstream: 'catalog',
        policies: [{ 'response-cache': { ttl: '10m', check: '10%' } }],
      },
      { name: 'cart', match: { path: '/api/v1/cart' }, upstream: 'catalog' },
      {
        name: 'checkout',
        match: { path: '/api/v1/checkout', methods: ['POST'] },
        upstream: 'payment',
        priority: 'critical',
      },
      {
        name: 'recommendations',
        match: { path: '/api/v1/recommendations', methods: ['GET'] },
        upstream: 'recommendations',
      },
    ],
    objectives: [
      { name: 'checkout-works', route: 'checkout', availability: '99%' },
      ...['products', 'cart', 'checkout', 'recommendations'].map((route) => ({
        name: `${route}-fast`,
        route,
        latency: { p95: '400ms' },
      })),
    ],
  }),
  people: (url, rate) => people(url, rate, visit),
  chapters: [
    {
      title: 'Payments fail with 503',
      happens:
        'Somebody gives the second payment service half of the checkouts. Its connection pool is far too small for them.',
      begin: ({ revise }) =>
        revise([{ op: 'replace', path: '/upstreams/payment/targets/1/weight', value: 4 }]),
      complaint: { trouble: 'no payment', comment: 'I can not pay. It says service unavailable, error 503.' },
      isAbout: ({ what, where }) =>
        what.signal === 'errors' && where.scopes.some(({ upstream }) => upstream === 'payment'),
      causes: ['config'],
      actions: ['rollback-config'],
    },
    {
      title: 'One price on the page, another in the cart',
      happens:
        'The shop changes its prices. Pages that the gateway keeps for ten minutes still show the old ones.',
      begin: ({ fault }) => fault('products-1', { priceList: 2 }),
      complaint: {
        trouble: 'two prices',
        comment: 'The price differs: the page shows an outdated one, the cart has another.',
      },
      isAbout: ({ detector }) => detector === 'stale-cache',
      causes: ['cache'],
      actions: ['purge-cache'],
    },
    {
      title: 'Every tenth page is slow',
      happens: 'One of the two recommendation services, with a tenth of the traffic, begins to crawl.',
      begin: ({ fault }) => fault('recommendations-2', { latencyMs: 1200 }),
      complaint: {
        trouble: 'slow page',
        comment: 'it is slow',
        answer: 'On /products/oak-lamp just now, it took several seconds until all of it was there.',
      },
      isAbout: ({ what, where }) =>
        what.signal === 'slow' && where.scopes.some((scope) => scope.target !== undefined),
      causes: ['target'],
      actions: ['shift-traffic', 'drain-target'],
    },
  ],
};
