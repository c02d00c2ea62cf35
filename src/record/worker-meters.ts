import { Counter, Gauge, type Registry } from '../telemetry/metrics.ts';

/** The metrics of worker processes. */
export class WorkerMeters {
  readonly serving;
  readonly restarts;
  readonly hung;

  constructor(registry: Registry) {
    const registers = [registry];
    this.serving = new Gauge({
      name: 'gateway_workers',
      help: 'Worker processes that serve now.',
      registers,
    });
    this.restarts = new Counter({
      name: 'gateway_worker_restarts_total',
      help: 'Worker processes that were started because one had ended.',
      registers,
    });
    this.hung = new Counter({
      name: 'gateway_worker_hangs_total',
      help: 'Worker processes that were ended because they did not answer.',
      registers,
    });
  }
}
