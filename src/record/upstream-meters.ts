import { Gauge, type Registry } from '../telemetry/metrics.ts';
import type { UpstreamRegistry } from '../upstream/registry.ts';

/** The metrics of what upstreams are now: read when they are asked for, so that what is gone leaves nothing behind. */
export function meterUpstreams(metrics: Registry, registry: UpstreamRegistry): void {
  const registers = [metrics];
  const healthy = new Gauge({
    name: 'gateway_upstream_healthy',
    help: '1 if a target is healthy and in service; 0 if it is unhealthy, ejected, draining or disabled.',
    labelNames: ['upstream', 'target'],
    // What the process that decides says of it.
    aggregator: 'first',
    registers,
    collect() {
      healthy.reset();
      for (const { name, targets } of registry.all())
        for (const { url, state } of targets)
          healthy.set({ upstream: name, target: url }, state.standing === 'healthy' ? 1 : 0);
    },
  });
  const panic = new Gauge({
    name: 'gateway_upstream_panic',
    help: '1 if so few targets of an upstream are healthy that all are used.',
    labelNames: ['upstream'],
    aggregator: 'first',
    registers,
    collect() {
      panic.reset();
      for (const { name, isPanic } of registry.all()) panic.set({ upstream: name }, isPanic ? 1 : 0);
    },
  });
  const breaker = new Gauge({
    name: 'gateway_breaker_state',
    help: '0 if the breaker of an upstream lets requests through, 1 if only probes, 2 if none.',
    labelNames: ['upstream'],
    aggregator: 'first',
    registers,
    collect() {
      breaker.reset();
      for (const { name, resilience } of registry.all())
        breaker.set({ upstream: name }, BREAKER_STATES[resilience.breaker.state]);
    },
  });
}

const BREAKER_STATES = { closed: 0, 'half-open': 1, open: 2 } as const;
