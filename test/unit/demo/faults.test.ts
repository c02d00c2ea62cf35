import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FaultSettingsError } from '../../../src/demo/fault-settings.ts';
import { createFaults } from '../../../src/demo/faults.ts';
import type { Service } from '../../../src/demo/http-service.ts';
import { startShopBackend } from '../../../src/demo/shop-backend.ts';

const struck = (settings: Parameters<ReturnType<typeof createFaults>['set']>[0], times = 400) => {
  const faults = createFaults();
  faults.set(settings);
  return Array.from({ length: times }, () => faults.draw('/api/v1/products').reset === true);
};

describe('which requests a fault strikes', () => {
  test('the same seed strikes the same requests, another seed others', () => {
    const first = struck({ seed: 5, reset: { value: true, share: 0.3 } });
    expect(struck({ seed: 5, reset: { value: true, share: 0.3 } })).toEqual(first);
    expect(struck({ seed: 6, reset: { value: true, share: 0.3 } })).not.toEqual(first);
  });

  test('about its share, and a second fault does not shift it', () => {
    const first = struck({ reset: true, share: 0.3 }, 2000);
    expect(first.filter(Boolean).length / 2000).toBeCloseTo(0.3, 1);
    expect(struck({ latencyMs: 1, reset: true, share: 0.3 }, 2000)).toEqual(first);
    expect(struck({ reset: true, share: 0 })).not.toContain(true);
    expect(struck({ reset: true })).not.toContain(false);
  });

  test('only under its prefix, and health checks only when the prefix covers them', () => {
    const faults = createFaults();
    faults.set({ status: { value: 503, pathPrefix: '/api/v1/checkout' }, garbage: true });
    expect(faults.draw('/api/v1/checkout')).toEqual({ status: { code: 503 }, garbage: true });
    expect(faults.draw('/api/v1/products')).toEqual({ garbage: true });
    expect(faults.draw('/healthz')).toEqual({});
    faults.set({ garbage: true, pathPrefix: '/' });
    expect(faults.draw('/healthz')).toEqual({ garbage: true });
  });
});

describe('settings', () => {
  test.each([
    ['colour', { colour: 'red' }],
    ['latencyMs', { latencyMs: 'long' }],
    ['latencyMs', { latencyMs: false }],
    ['status', { status: 200 }],
    ['status.retryAfter', { status: { value: 503, retryAfter: -1 } }],
    ['reset.retryAfter', { reset: { value: true, retryAfter: 1 } }],
    ['reset.share', { reset: { value: true, share: 1.5 } }],
    ['truncate.value', { truncate: { share: 1 } }],
    ['stall.path', { stall: { value: true, path: '/' } }],
    ['share', { share: 'half' }],
    ['pathPrefix', { pathPrefix: 'api' }],
    ['seed', { seed: 0.5 }],
    ['reset', { reset: null }],
  ])('%s is named when it is wrong', (key, settings) => {
    const faults = createFaults();
    faults.set({ reset: true });
    const attempt = () => faults.set(settings as Parameters<typeof faults.set>[0]);
    expect(attempt).toThrow(FaultSettingsError);
    expect(attempt).toThrow(expect.objectContaining({ key }));
    expect(faults.get()).toEqual({ reset: true });
  });
});

describe('the switches over HTTP', () => {
  let shop: Service;
  beforeAll(async () => {
    shop = await startShopBackend({ port: 0, name: 'a' });
  });
  afterEach(() => shop.faults.clear());
  afterAll(() => shop.close());
  const switches = (method: string, body?: string) =>
    fetch(`${shop.url}/__sandbox/faults`, { method, ...(body !== undefined && { body }) });

  test('PUT sets, GET shows, DELETE clears', async () => {
    const settings = { status: { value: 503, retryAfter: 2 }, pathPrefix: '/api' };
    expect((await switches('PUT', JSON.stringify(settings))).status).toBe(200);
    expect(await (await switches('GET')).json()).toEqual(settings);
    expect((await fetch(`${shop.url}/api/v1/products`)).status).toBe(503);
    expect(await (await switches('DELETE')).json()).toEqual({});
    expect((await fetch(`${shop.url}/api/v1/products`)).status).toBe(200);
  });

  test('bad settings get a 400 that names the key', async () => {
    const bad = await switches('PUT', '{"reset":{"value":true,"share":2}}');
    expect([bad.status, await bad.json()]).toEqual([
      400,
      { error: 'reset.share must be a number from 0 to 1', key: 'reset.share' },
    ]);
    expect((await switches('PUT', 'reset')).status).toBe(400);
    expect((await switches('PUT', '[]')).status).toBe(400);
  });
});
