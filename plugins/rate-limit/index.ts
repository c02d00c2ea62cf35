import fastifyRateLimit, { normalizeIP } from '@fastify/rate-limit';
import { type Static, Type } from 'typebox';
import type { Exchange } from '../../src/contracts/exchange.ts';
import type { PolicyDescriptor } from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import { countersStore } from './counters-store.ts';

const Settings = Type.Object(
  {
    limit: Type.Integer({ minimum: 0, description: 'Requests in a window.' }),
    window: Type.Unsafe<number>({
      type: 'string',
      'x-unit': 'duration',
      pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)$',
      examples: ['1m'],
      description: 'Length of a window. It starts with the first request in it.',
    }),
    per: Type.Unsafe<'consumer' | 'address' | 'route'>({
      type: 'string',
      enum: ['consumer', 'address', 'route'],
      default: 'consumer',
      description:
        'Who shares a window: a consumer (a client address where there is none), an address, everybody.',
    }),
  },
  { additionalProperties: false, description: 'At most so many requests in a window.' },
);
type Settings = Static<typeof Settings>;

/** One customer's IPv6 network: whoever has one address has 2^64 of them. */
const IPV6_SUBNET = 64;

function subject(per: Settings['per'], exchange: Exchange): string {
  if (per === 'route') return '*';
  if (per === 'consumer' && exchange.consumer !== '') return `consumer:${exchange.consumer}`;
  return `address:${normalizeIP(exchange.client, IPV6_SUBNET)}`;
}

const rateLimit: PolicyDescriptor<Settings> = {
  name: 'rate-limit',
  slot: 'limit',
  schema: Settings,
  async create({ limit, window, per }, ports, app) {
    await app.register(fastifyRateLimit, { global: false, store: countersStore(ports.counters) });
    const check = app.createRateLimit({
      max: limit,
      timeWindow: window,
      keyGenerator: (request) =>
        `rate:${ports.route}:${per}:${limit}/${window}:${subject(per, request.exchange)}`,
    });
    // draft-ietf-httpapi-ratelimit-headers-11; the plugin's own headers are those of an obsolete draft.
    const policy = `"${per}";q=${limit};w=${Math.ceil(window / 1000)}`;
    return {
      async onRequest(_exchange, request, reply) {
        let state: Awaited<ReturnType<typeof check>>;
        try {
          state = await check(request);
        } catch (error) {
          ports.degraded('fail_open', error as Error);
          return undefined;
        }
        if (state.isAllowed) return undefined;
        const seconds = Math.max(1, Math.ceil(state.ttl / 1000));
        reply.header('ratelimit-policy', policy);
        reply.header('ratelimit', `"${per}";r=${state.remaining};t=${seconds}`);
        if (!state.isExceeded) return undefined;
        return new GatewayError('rate_limited', { headers: { 'retry-after': String(seconds) } });
      },
    };
  },
};

export default rateLimit;
