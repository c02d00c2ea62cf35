import { onTestFinished, vi } from 'vitest';
import type { Documents } from '../../src/contracts/store.ts';
import { Care } from '../../src/hypercare/care.ts';
import { openStore } from '../../src/stores/index.ts';
import { openLog } from '../../src/telemetry/logger.ts';
import { Registry } from '../../src/telemetry/metrics.ts';
import { type ToldEngine, toldEngine } from './told-engine.ts';

export interface CareReplica {
  readonly care: Care;
  readonly engine: ToldEngine;
}

export interface CareReplicas {
  readonly documents: Documents;
  /** Of all replicas, milliseconds since the epoch; each may be ahead of it by `skew`. */
  readonly shared: { now: number };
  /** Kinds of events that the one channel was told, by whichever replica. */
  readonly told: string[];
  /** Another replica, not begun yet. */
  replica(options?: { documents?: Documents; skew?: number }): CareReplica;
}

const CONFIG = {
  routes: [],
  upstreams: {},
  consumers: [],
  ai: { models: {}, providers: {}, prompts: {}, priority: 'normal' },
  hypercare: {
    tick: 10_000,
    feedback: { keep: 86_400_000 },
    priority: { weights: { severity: 3, impact: 3, confidence: 2, effort: 1 } },
    autoActions: { enabled: false, allow: [], maxPerHour: 0, dryRun: false },
    notify: [
      {
        kind: 'webhook',
        name: 'ops',
        url: 'http://127.0.0.1:9/hook',
        secret: '',
        token: '',
        console: '',
        priorities: ['P0', 'P1', 'P2', 'P3', 'P4'],
      },
    ],
  },
};

/** Replicas of the half of hypercare that acts, on one store, with clocks that a test sets: none has a beat of its own. */
export async function careReplicas(): Promise<CareReplicas> {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const shared = { now: Date.now() };
  const told: string[] = [];
  const replica: CareReplicas['replica'] = ({ documents = store.documents, skew = 0 } = {}) => {
    const now = (): number => shared.now + skew;
    const engine = toldEngine({}, now);
    const care = new Care({
      documents,
      engine,
      config: {
        config: CONFIG,
        text: 'upstreams: {}\nroutes: []\n',
        revision: 1,
        etag: '"1"',
        textOf: async () => undefined,
      } as never,
      live: { targets: () => undefined } as never,
      log: openLog('silent', { write: () => undefined }).logger,
      metrics: new Registry(),
      outbound: {
        fetch: async (_: unknown, init: { body: string }) => {
          told.push(JSON.parse(init.body).type);
          return new Response('{}');
        },
      } as never,
      now,
    });
    onTestFinished(() => care.stop());
    return { care, engine };
  };
  return { documents: store.documents, shared, told, replica };
}
