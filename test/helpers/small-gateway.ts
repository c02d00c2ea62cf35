import { expect } from 'vitest';
import { Chance } from '../../bench/scenarios/chance.ts';
import { type Drawn, exchangeAt, model } from '../../bench/scenarios/world.ts';
import type { Detection, DetectionEvent } from '../../src/contracts/finding.ts';
import type { WatchedTick } from '../../src/contracts/signal.ts';
import { HypercareCore } from '../../src/hypercare/engine/core.ts';
import type { EngineSettings } from '../../src/hypercare/engine/settings.ts';
import { SignalWriter } from '../../src/record/signals/signal-writer.ts';

const TICK_MS = 10_000;
const SETTINGS: EngineSettings = {
  tickMs: TICK_MS,
  confirmMs: 60_000,
  objectives: [
    {
      name: 'works',
      dimension: 'route',
      value: 'shop',
      kind: 'availability',
      allowed: 0.01,
      overMs: 0,
      over: 86_400_000,
    },
  ],
  upstreams: { shop: ['http://a:1'] },
  cacheTtl: {},
  imported: [],
  mostLeaves: 1000,
};
const SOURCES = {
  region: { header: 'x-region', default: '' },
  app: { header: 'x-client-app', default: '' },
  user: 'x-user-id',
  session: 'x-session-id',
  release: '',
};

/** An engine in virtual time before which ten requests a second pass. */
export class Small {
  readonly core: HypercareCore;
  readonly events: DetectionEvent[] = [];
  readonly opened: Detection[] = [];
  readonly watched: WatchedTick[] = [];
  readonly #chance = new Chance(7);
  readonly #writer: SignalWriter;
  now = Date.UTC(2026, 10, 23);
  #count = 0;

  constructor(settings: Partial<EngineSettings> = {}) {
    this.core = new HypercareCore({ ...SETTINGS, ...settings });
    this.#writer = new SignalWriter(SOURCES, {
      send: (batch) => {
        this.core.take('0', batch);
        return true;
      },
      onDropped: (count) => expect(count).toBe(0),
    });
  }

  /** @param each what is done to each request @param perTick how many come in one */
  ticks(count: number, each: (one: Drawn, at: number) => void, perTick = 100): this {
    for (let tick = 0; tick < count; tick++) {
      for (let i = 0; i < perTick; i++) {
        const one = exchangeAt(this.now + (i * TICK_MS) / perTick, 1);
        this.#count++;
        Object.assign(one, { route: 'shop', upstream: 'shop', target: 'http://a:1', durationMs: 20 });
        one.headers = { 'x-user-id': `user-${this.#count % 30}` };
        each(one, this.#count);
        this.#writer.record(one);
      }
      this.#writer.flush();
      this.#writer.forgetAway();
      this.now += TICK_MS;
      const { events, watched } = this.core.tick(this.now);
      this.events.push(...events);
      this.watched.push(...watched);
      this.opened.push(...events.flatMap(({ kind, detection }) => (kind === 'opened' ? [detection] : [])));
    }
    return this;
  }

  talk(one: Drawn): void {
    model(one, this.#chance);
  }
}

export const fail = (one: Drawn): void => void Object.assign(one, { reason: 'upstream_5xx', status: 500 });
