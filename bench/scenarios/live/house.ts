import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Detection } from '../../../src/contracts/finding.ts';
import { type ConfigPatch, reviseConfig } from '../../../src/demo/stories/admin.ts';
import { type Gateway, startGateway } from '../../../src/gateway.ts';
import { openLog } from '../../../src/telemetry/logger.ts';
import type { Chance } from '../chance.ts';
import { answerChat, type Backend, startBackend } from './backends.ts';

const TICK_MS = 10_000;
export const PROMPT = 'classify-ticket';
export const CONSUMERS: readonly string[] = Array.from({ length: 10 }, (_, at) => `consumer-${at + 1}`);
export const keyOf = (consumer: string): string => `key of ${consumer}`;

/** A gateway with its services, in virtual time: ten seconds pass when `tick` is called. */
export interface House {
  readonly gateway: Gateway;
  readonly services: Readonly<Record<string, Backend>>;
  /** What has been detected so far, with the tick in which it opened. */
  readonly opened: { tick: number; detection: Detection }[];
  tick(): Promise<void>;
  /** Changes the config as an operator does. */
  revise(patch: ConfigPatch): Promise<void>;
  close(): Promise<void>;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Times are a tenth of those in virtual time, so that ten minutes of it take less than one. */
const SERVICES: Readonly<Record<string, number>> = {
  'catalog-a': 8,
  'catalog-b': 8,
  'catalog-c': 8,
  'catalog-d': 8,
  'payment-1': 15,
  'payment-2': 15,
  recommendations: 8,
  primary: 40,
  backup: 40,
};

const item = (price: unknown): unknown => ({ items: [{ id: 'p-1', price }] });

export async function openHouse(chance: Chance, requestsPerTick: number): Promise<House> {
  const services: Record<string, Backend> = {};
  for (const [name, medianMs] of Object.entries(SERVICES)) {
    const isModel = name === 'primary' || name === 'backup';
    services[name] = await startBackend(medianMs, chance, (text) => (isModel ? answerChat(text) : item(12)));
  }
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-exam-'));
  const file = join(folder, 'gateway.yaml');
  await writeFile(file, JSON.stringify(configOf(services, requestsPerTick)));
  let now = Math.ceil(Date.now() / 3_600_000) * 3_600_000;
  const gateway = await startGateway({
    file,
    env: {},
    log: openLog('silent', { write: () => undefined }),
    watch: false,
    processMetrics: false,
    now: () => now,
    ticks: 'manual',
  });
  const opened: House['opened'] = [];
  let ticks = 0;
  gateway.engine?.onDetection(({ kind, detection }) => {
    if (kind === 'opened') opened.push({ tick: ticks, detection });
  });
  return {
    gateway,
    services,
    opened,
    async tick() {
      now += TICK_MS;
      ticks++;
      await gateway.tick();
    },
    revise: (patch) => reviseConfig(gateway.adminUrl, patch),
    async close() {
      await gateway.close();
      await Promise.all(Object.values(services).map((service) => service.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configOf(services: Readonly<Record<string, Backend>>, requestsPerTick: number): object {
  const at = (name: string): object => ({ url: services[name]?.url });
  const route = (name: string, upstream: string, ...policies: object[]): object => ({
    name,
    match: { path: `/api/v1/${name}` },
    upstream,
    policies: [{ 'auth-api-key': {} }, ...policies],
  });
  const prices = {
    type: 'object',
    properties: {
      items: { type: 'array', items: { type: 'object', properties: { price: { type: 'number' } } } },
    },
  };
  const model = (text: string): object => ({
    messages: [
      { role: 'system', content: text },
      { role: 'user', content: '{{ticket}}' },
    ],
  });
  // Four times what a consumer asks for on an ordinary day.
  const limit = Math.ceil((4 * requestsPerTick) / CONSUMERS.length);
  return {
    version: 1,
    // A whole tick's requests come at once; they come over ten seconds of its own time.
    server: { listen: '127.0.0.1:0', trustProxy: ['127.0.0.1'], shed: { maxEventLoopDelay: '10m' } },
    admin: { listen: '127.0.0.1:0' },
    store: { url: 'memory:' },
    consumers: CONSUMERS.map((name) => ({ name, keys: [{ id: 'k1', sha256: sha256(keyOf(name)) }] })),
    upstreams: {
      catalog: { targets: ['catalog-a', 'catalog-b', 'catalog-c', 'catalog-d'].map(at) },
      payment: { targets: ['payment-1', 'payment-2'].map(at) },
      recommendations: { targets: [at('recommendations')] },
    },
    routes: [
      // For everybody: what is asked for with a key is kept for nobody else.
      {
        name: 'products',
        match: { path: '/api/v1/products/*' },
        upstream: 'catalog',
        policies: [{ 'response-cache': { ttl: '30s', check: '10%' } }],
      },
      route(
        'search',
        'catalog',
        { 'rate-limit': { limit, window: '10s', per: 'consumer' } },
        { 'body-schema': { mode: 'report', response: prices } },
      ),
      route('cart', 'catalog', { 'rate-limit': { limit, window: '10s', per: 'consumer' } }),
      route('checkout', 'payment'),
      route('refunds', 'payment'),
      route('recommendations', 'recommendations'),
    ],
    ai: {
      policies: [{ 'auth-api-key': {} }],
      providers: Object.fromEntries(
        ['primary', 'backup'].map((name) => [
          name,
          { kind: 'openai', baseUrl: `${services[name]?.url}/v1`, apiKey: 'exam' },
        ]),
      ),
      models: {
        support: {
          targets: [
            { provider: 'primary', model: 'gpt-4o-mini', version: 'v2', weight: 55 },
            { provider: 'primary', model: 'gpt-4o', version: 'v1', weight: 15 },
            { provider: 'backup', model: 'claude-haiku-4-5', version: 'v1', weight: 30 },
          ],
        },
      },
      prompts: {
        [PROMPT]: {
          model: 'support',
          version: 2,
          input: { type: 'object', required: ['ticket'], properties: { ticket: { type: 'string' } } },
          versions: {
            1: model('Classify the ticket.'),
            2: model('Classify the ticket. Answer with one word.'),
          },
        },
      },
    },
    context: { enabled: true },
    hypercare: {
      tick: `${TICK_MS}ms`,
      window: { name: 'go-live', release: '41', start: '2026-11-23T00:00:00Z' },
      feedback: { limits: { perAddress: 100_000, perKey: 100_000 } },
      objectives: [
        { name: 'checkout-availability', route: 'checkout', availability: '99%' },
        { name: 'products-latency', route: 'products', latency: { p95: '300ms' } },
      ],
    },
  };
}
