import type { FastifyReply, FastifyRequest } from 'fastify';
import { expect, it } from 'vitest';
import rateLimit from '../../../../plugins/rate-limit/index.ts';
import type { Exchange } from '../../../../src/contracts/exchange.ts';
import type { PolicyPorts } from '../../../../src/contracts/policy.ts';
import { MemoryCounters } from '../../../../src/stores/memory/counters.ts';

it('more subjects than can be counted: the requests pass, and it is said each time that a limit begins anew', async () => {
  const told: string[] = [];
  const ports = {
    route: 'shop',
    counters: new MemoryCounters({ now: Date.now, maxKeys: 2 }),
    degraded: (what: string, { message }: Error) => void told.push(`${what}: ${message}`),
  } as unknown as PolicyPorts;
  const settings = { limit: 5, window: 60_000, algorithm: 'fixed-window', per: 'header:x-tenant' } as never;
  const policy = await rateLimit.create(settings, ports);
  const ask = (tenant: string): unknown => {
    const reply = { getHeader: () => undefined, header: () => undefined } as unknown as FastifyReply;
    const request = { headers: { 'x-tenant': tenant } } as unknown as FastifyRequest;
    return policy.onRequest?.({ consumer: '', client: '::1' } as Exchange, request, reply);
  };
  expect([ask('a'), ask('a'), ask('b'), told]).toEqual([undefined, undefined, undefined, []]);
  expect(ask('c')).toBeUndefined();
  expect(told).toEqual(['fail_open: x-tenant: more keys than are held, one starts anew']);
});
