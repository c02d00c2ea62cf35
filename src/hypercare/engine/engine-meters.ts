import { Counter, Gauge, type Registry } from '../../telemetry/metrics.ts';
import type { ThreadStatus } from './messages.ts';

/** How the engine itself is: what it costs, how far behind it is, and what it could not take. */
export class EngineMeters {
  readonly dropped;
  readonly restarts;
  readonly detections;
  readonly #lastTick;
  readonly #tickSeconds;
  readonly #lag;
  readonly #leaves;
  readonly #open;

  constructor(registry: Registry) {
    const registers = [registry];
    this.dropped = new Counter({
      name: 'gateway_dropped_signals_total',
      help: 'Signals that the hypercare engine did not get: it was behind, or away.',
      registers,
    });
    this.restarts = new Counter({
      name: 'gateway_engine_restarts_total',
      help: 'Times that the hypercare engine’s thread ended and was begun anew.',
      registers,
    });
    this.detections = new Counter({
      name: 'gateway_detections_total',
      help: 'What the hypercare engine noticed, by the detector that did.',
      labelNames: ['detector'],
      registers,
    });
    this.#lastTick = new Gauge({
      name: 'gateway_engine_last_tick_timestamp_seconds',
      help: 'When the hypercare engine last looked at the traffic.',
      aggregator: 'max',
      registers,
    });
    this.#tickSeconds = new Gauge({
      name: 'gateway_engine_tick_seconds',
      help: 'How long the engine’s last look at the traffic took.',
      aggregator: 'max',
      registers,
    });
    this.#lag = new Gauge({
      name: 'gateway_engine_lag_seconds',
      help: 'From a signal to its being counted, as of the last batch.',
      aggregator: 'max',
      registers,
    });
    this.#leaves = new Gauge({
      name: 'gateway_engine_leaves',
      help: 'Combinations of dimension values that the engine counts.',
      aggregator: 'max',
      registers,
    });
    this.#open = new Gauge({
      name: 'gateway_engine_open_detections',
      help: 'What the engine has noticed and sees still.',
      aggregator: 'max',
      registers,
    });
  }

  ticked({ lastTickAt, leaves, tickMs, open }: ThreadStatus, lagMs: number): void {
    this.#lastTick.set(lastTickAt / 1000);
    this.#tickSeconds.set(tickMs / 1000);
    this.#lag.set(lagMs / 1000);
    this.#leaves.set(leaves);
    this.#open.set(open);
  }
}
