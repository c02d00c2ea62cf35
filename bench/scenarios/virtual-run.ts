// One run in virtual time: the real recorder's writer, batches and engine, with a clock that is moved on.
import { HypercareCore } from '../../src/hypercare/engine/core.ts';
import type { EngineSettings } from '../../src/hypercare/engine/settings.ts';
import { SignalWriter } from '../../src/record/signals/signal-writer.ts';
import { Chance } from './chance.ts';
import { type Scenario, type Stage, USUAL_THUMBS, usualContext, usualFeedback } from './faults.ts';
import type { Opened } from './judge.ts';
import { type Drawn, draw, fail, TARGETS } from './world.ts';

const TICK_MS = 10_000;
/** Monday, nine o'clock. */
const START = Date.UTC(2026, 10, 23, 9);

export const SOURCES = {
  region: { header: 'x-region', default: '' },
  app: { header: 'x-client-app', default: '' },
  user: 'x-user-id',
  session: 'x-session-id',
  release: '',
};

export const SETTINGS: EngineSettings = {
  tickMs: TICK_MS,
  confirmMs: 60_000,
  objectives: [
    {
      name: 'checkout-availability',
      dimension: 'route',
      value: 'checkout',
      kind: 'availability',
      allowed: 0.01,
      overMs: 0,
      over: 30 * 86_400_000,
    },
    {
      name: 'products-latency',
      dimension: 'route',
      value: 'products',
      kind: 'latency',
      allowed: 0.05,
      overMs: 300,
      over: 30 * 86_400_000,
    },
    {
      name: 'support-continuity',
      dimension: 'model',
      value: 'support',
      kind: 'continuity',
      allowed: 0.005,
      overMs: 0,
      over: 7 * 86_400_000,
    },
  ],
  upstreams: {
    catalog: TARGETS,
    payment: ['http://payment-1.internal:8080', 'http://payment-2.internal:8080'],
  },
  cacheTtl: { products: 30_000 },
  imported: [],
  mostLeaves: 100_000,
};

export interface RunOptions {
  readonly rps: number;
  readonly seed: number;
  readonly warmUpMinutes: number;
  readonly minutes: number;
  readonly scenarios: readonly Scenario[];
}

export interface RunResult {
  readonly opened: readonly Opened[];
  readonly ended: number;
}

export function runVirtual(options: RunOptions): RunResult {
  const { rps, seed, warmUpMinutes, minutes, scenarios } = options;
  const chance = new Chance(seed);
  const core = new HypercareCore(SETTINGS);
  const writer = new SignalWriter(SOURCES, {
    send(batch) {
      core.take('0', batch);
      returned.push(batch.buffer);
      return true;
    },
    onDropped() {
      throw new Error('the exam must not drop signals');
    },
  });
  const returned: ArrayBuffer[] = [];
  let now = START;
  let revision = 181;
  const warmUp = warmUpMinutes * 6;
  const ticks = warmUp + minutes * 6;
  // Somewhere within a tick: nobody waits for the engine's clock.
  const begins = START + warmUp * TICK_MS + chance.below(TICK_MS);
  const opened: Opened[] = [];
  let ended = 0;
  let hasBegun = false;
  for (let tick = 0; tick < ticks; tick++) {
    const tickEnds = now + TICK_MS;
    if (!hasBegun && tickEnds > begins) {
      hasBegun = true;
      for (const scenario of scenarios) {
        for (const change of scenario.changes?.(begins, revision) ?? []) core.change(change);
        if (scenario.isRevision) revision++;
      }
    }
    const stageOf = (seconds: number): Stage => ({
      chance,
      rps,
      seconds,
      now,
      revision,
      add: (exchange) => record(exchange),
      feedback: (signal) => core.feedback(signal),
      context: (signal) => core.context(signal),
    });
    const isOn = ({ heals }: Scenario, at: number): boolean =>
      at >= begins && (heals === undefined || at < begins + heals * 1000);
    const record = (exchange: Drawn): void => {
      writer.record(exchange);
      for (const buffer of returned.splice(0)) writer.giveBack(buffer);
      const isRace = scenarios.some((each) => each.name === 'context race' && isOn(each, exchange.startedAt));
      const isWrong = scenarios.some(
        (each) => each.name === 'wrong prompt version' && isOn(each, exchange.startedAt),
      );
      const said = usualFeedback(exchange, { chance }, isWrong ? 0.4 : USUAL_THUMBS);
      if (said) core.feedback(said);
      const context = usualContext(exchange, chance, isRace ? 0.06 : 0.001);
      if (context) core.context(context);
    };
    const factor = hasBegun ? scenarios.reduce((all, each) => all * (each.traffic ?? 1), 1) : 1;
    const count = chance.poisson((rps * factor * TICK_MS) / 1000);
    for (let i = 0; i < count; i++) {
      const at = now + chance.next() * TICK_MS;
      const exchange = draw(chance, at, at >= begins ? revision : 181);
      for (const scenario of scenarios)
        if (isOn(scenario, at)) scenario.strike?.(exchange, { chance, seconds: (at - begins) / 1000, rps });
      record(exchange);
    }
    thinRoute(chance, now, revision, record);
    for (const scenario of scenarios)
      if (hasBegun && isOn(scenario, Math.max(now, begins))) scenario.each?.(stageOf((now - begins) / 1000));
    writer.flush();
    for (const buffer of returned.splice(0)) writer.giveBack(buffer);
    now = tickEnds;
    for (const { kind, detection } of core.tick(now).events) {
      if (kind === 'opened') opened.push({ after: (now - begins) / 1000, detection });
      else if (kind === 'ended') ended++;
    }
  }
  return { opened, ended };
}

/** A route that hardly anybody uses and that always was a little broken: there in every run. */
function thinRoute(chance: Chance, now: number, revision: number, record: (exchange: Drawn) => void): void {
  for (let i = chance.poisson(0.5); i > 0; i--) {
    const exchange = draw(chance, now + chance.next() * TICK_MS, revision);
    exchange.route = 'legacy-report';
    exchange.upstream = 'legacy';
    exchange.target = 'http://legacy.internal:8080';
    exchange.ai = null;
    exchange.cache = '';
    exchange.cacheAgeMs = -1;
    exchange.durationMs = 400 + 800 * chance.next();
    exchange.reason = 'ok';
    exchange.status = 200;
    if (chance.next() < 0.1) fail(exchange, 'upstream_5xx', 500);
    record(exchange);
  }
}
