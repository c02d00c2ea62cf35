import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startModelService } from '../../src/demo/model-service.ts';
import { startGateway } from '../../src/gateway.ts';
import { openLog } from '../../src/telemetry/logger.ts';

export const KEY = 'a-key-that-is-long-enough';

/** A gateway with nearly everything switched on, before an upstream that never fails. */
export interface House {
  readonly url: string;
  /** Requests that it has recorded. */
  recorded(): Promise<number>;
  inFlight(): Promise<number>;
  /** What it says of itself that a well upstream and any client can't be the cause of: 5xx and logged faults. */
  faults(): Promise<string[]>;
  close(): Promise<void>;
}

const KEPT_FAULTS = 100;

export async function openHouse(): Promise<House> {
  const upstream = createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json').setHeader('cache-control', 'max-age=1');
      response.end(`{"orderId":"o-1","items":[{"sku":1}],"path":${JSON.stringify(request.url)}}`);
    });
  });
  // On a machine so busy that timers come late, it would close connections under the gateway's requests.
  upstream.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const models = await startModelService({ port: 0, name: 'fuzzed' });
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-fuzz-'));
  const file = join(folder, 'gateway.yaml');
  await writeFile(file, JSON.stringify(configOf(origin, models.url)));
  const logged: string[] = [];
  const sink = openLog('info', {
    write: (line: string) => {
      const isFault = line.includes('"level":"error"') || line.includes('"level":"fatal"');
      if (isFault && logged.length < KEPT_FAULTS) logged.push(line);
    },
  });
  const gateway = await startGateway({ file, env: {}, log: sink, watch: false, processMetrics: false });

  const rows = async (name: string): Promise<string[]> => {
    const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    return text.split('\n').filter((line) => line.startsWith(name));
  };
  const sum = (lines: string[]): number =>
    lines.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);

  return {
    url: gateway.url,
    recorded: async () => sum(await rows('gateway_requests_total{')),
    inFlight: async () => sum(await rows('gateway_requests_in_flight ')),
    async faults() {
      const failed = (await rows('gateway_requests_total{')).filter(
        (row) =>
          // What a client that wants nothing but what is kept is told (RFC 9111 section 5.2.1.7).
          row.includes('status_class="5xx"') && !row.includes('reason="cache_only_missing"'),
      );
      return [...failed, ...logged];
    },
    async close() {
      await gateway.close();
      await models.close();
      upstream.closeAllConnections();
      await new Promise((resolve) => upstream.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const ORDER = {
  type: 'object',
  required: ['cart'],
  properties: { cart: { type: 'string' }, items: { type: 'array', items: { type: 'integer' } } },
};

function configOf(origin: string, models: string): object {
  const key = { 'auth-api-key': {} };
  const route = (name: string, path: string, ...policies: object[]): object => ({
    name,
    match: { path },
    upstream: 'up',
    policies,
  });
  return {
    version: 1,
    server: {
      listen: '127.0.0.1:0',
      http2: true,
      limits: { body: '64kb', header: '8kb' },
      timeouts: { headers: '2s', request: '4s' },
      // It is not overload that is looked for.
      shed: { maxEventLoopDelay: '10m', maxInFlight: 1_000_000 },
    },
    admin: { listen: '127.0.0.1:0' },
    store: { url: 'memory:' },
    consumers: [
      {
        name: 'anna',
        groups: ['web'],
        keys: [{ id: 'k1', sha256: createHash('sha256').update(KEY).digest('hex') }],
      },
    ],
    upstreams: {
      up: { targets: [{ url: origin }] },
      up2: { targets: [{ url: origin }] },
      shadow: { targets: [{ url: origin }] },
    },
    routes: [
      route('open', '/*'),
      route('admin', '/admin/*', key, { authorize: { groups: ['web'] } }),
      route('limited', '/limited/{id}', {
        'rate-limit': { limit: 1_000_000_000, window: '1h', per: 'address + header:x-tenant' },
      }),
      route('orders', '/orders', { 'body-schema': { request: ORDER, response: { type: 'object' } } }),
      route('cached', '/cached/*', { 'response-cache': { ttl: '1s' } }),
      route(
        'changed',
        '/changed/{id}',
        {
          'transform-body': {
            request: { remove: ['/debug'], set: { '/person/id': '{{path.id}}' } },
            response: { rename: { '/items/*/sku': 'code' } },
          },
        },
        { query: { rename: { q: 'search' }, set: { user: '{{path.id}}' } } },
        { headers: { request: { set: { 'x-said': '{{query.say}}' } } } },
      ),
      route('shared', '/shared/*', { cors: { origins: ['https://shop.example'] } }),
      { name: 'hosted', match: { path: '/hosted/*', host: '*.example.com' }, upstream: 'up' },
      {
        name: 'rewritten',
        match: { path: '/rewritten/*' },
        upstream: 'up',
        rewrite: { from: '^/rewritten/(.*)$', to: '/$1' },
      },
      {
        name: 'mirrored',
        match: { path: '/mirrored/*' },
        split: [
          { upstream: 'up', weight: 1 },
          { upstream: 'up2', weight: 1 },
        ],
        mirror: { upstream: 'shadow', share: '50%' },
      },
    ],
    ai: {
      policies: [key],
      providers: { primary: { kind: 'openai', baseUrl: `${models}/v1`, apiKey: 'demo' } },
      models: { support: { targets: [{ provider: 'primary', model: 'gpt-4o-mini' }] } },
    },
  };
}
