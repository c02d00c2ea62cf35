import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { testGateway } from '../helpers/gateway.ts';

it('each route is listed with where it goes, who may use it, what it passes and how important it is', async () => {
  const gateway = await testGateway({
    consumers: [{ name: 'shop', keys: [{ id: 'k1', sha256: 'ab'.repeat(32) }] }],
    upstreams: {
      one: { targets: [{ url: 'http://127.0.0.1:9' }] },
      two: { targets: [{ url: 'http://127.0.0.1:9' }] },
    },
    routes: [
      { name: 'open', match: { path: '/open', methods: ['GET'] }, upstream: 'one', priority: 'critical' },
      {
        name: 'closed',
        match: { path: '/closed/*', host: 'shop.example' },
        split: [
          { upstream: 'one', weight: 95 },
          { upstream: 'two', weight: 5 },
        ],
        concurrency: { max: 7 },
        policies: [{ headers: { request: { set: { 'x-shop': 'web' } } } }, { 'auth-api-key': {} }],
      },
    ],
    ai: {
      priority: 'high',
      providers: { p: { kind: 'openai', baseUrl: 'http://127.0.0.1:9', apiKey: 'k' } },
      models: { m: { targets: [{ provider: 'p', model: 'x' }] } },
    },
  });

  const { items } = (await admin(gateway, '/api/routes')).body;

  expect(items).toMatchObject([
    {
      name: 'open',
      kind: 'api',
      match: { path: '/open', methods: ['GET'] },
      priority: 'critical',
      isOpen: true,
    },
    {
      name: 'closed',
      match: { path: '/closed/*', host: 'shop.example' },
      upstreams: [
        { upstream: 'one', weight: 95 },
        { upstream: 'two', weight: 5 },
      ],
      concurrency: { max: 7 },
      isOpen: false,
      policies: [
        { name: 'auth-api-key', slot: 'identify' },
        { name: 'headers', slot: 'transform', settings: { request: { set: { 'x-shop': 'web' } } } },
      ],
    },
    { name: 'ai', kind: 'ai', match: { path: '/v1/*' }, priority: 'high', isOpen: true },
  ]);
});
