import type { Engine, TrafficFigures } from '../contracts/engine.ts';

const NOTHING: TrafficFigures = {
  requests: 0,
  errors: 0,
  consumers: 0,
  users: 0,
  usd: 0,
  p50: null,
  p95: null,
  p99: null,
};

/** Nobody looks at the traffic: no detection, no figure, and it says so. */
export const engineOff = (): Engine => ({
  start: async () => undefined,
  stop: async () => undefined,
  crash: async () => undefined,
  tick: async () => undefined,
  resume: () => undefined,
  onDetection: () => () => undefined,
  onWatched: () => () => undefined,
  watch: () => undefined,
  unwatch: () => undefined,
  feedback: () => undefined,
  context: () => undefined,
  reconciled: () => undefined,
  queries: {
    rates: async () => [],
    objectives: async () => [],
    trafficMap: async () => [],
    figures: async () => NOTHING,
    values: async () => [],
    requests: () => [],
  },
  status: {
    state: 'off',
    lastTickAt: null,
    lagMs: 0,
    dropped: 0,
    queued: 0,
    leaves: 0,
    restarts: 0,
    tickMs: 0,
    isPartial: false,
  },
});
