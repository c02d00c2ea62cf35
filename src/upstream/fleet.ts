import type { OnStateChange } from '../contracts/state-change.ts';
import { type Lease, Leases } from '../lib/leases.ts';
import type { Random } from './balance/picker.ts';
import { HealthChecks } from './health-checks.ts';
import { Pools, type PoolsPorts } from './pools.ts';
import { Resilience } from './resilience.ts';
import type { Cursor } from './rotation.ts';
import { TargetState } from './target-state.ts';

export interface FleetPorts extends PoolsPorts {
  onChange: OnStateChange;
  random?: Random;
  /** Milliseconds, monotonic. */
  now?(): number;
}

/**
 * What the process knows of upstreams and outlives every generation: connections, the state of targets and breakers,
 * checks, and places in rotations.
 */
export class Fleet {
  readonly pools: Pools;
  readonly checks: HealthChecks;
  readonly random: Random;
  readonly now: () => number;
  readonly onChange: OnStateChange;
  readonly #states = new Leases<TargetState>((state) => state.close());
  readonly #resilience = new Leases<Resilience>((resilience) => resilience.close());
  readonly #cursors = new Map<string, Cursor>();

  constructor(ports: FleetPorts) {
    this.random = ports.random ?? Math.random;
    this.now = ports.now ?? (() => performance.now());
    this.onChange = ports.onChange;
    this.pools = new Pools(ports);
    this.checks = new HealthChecks(this.pools, this.random);
  }

  /** The state of a target, which is the same for every generation that has it. */
  state(upstream: string, url: string): Lease<TargetState> {
    return this.#states.lease(`${upstream} ${url}`, () => new TargetState(upstream, url, this));
  }

  /** What is known of an upstream as a whole, which is the same for every generation that has it. */
  resilience(upstream: string): Lease<Resilience> {
    return this.#resilience.lease(upstream, () => new Resilience(upstream, this.onChange, this.now));
  }

  /** The place in a rotation by the name of what rotates. */
  cursor(name: string): Cursor {
    let cursor = this.#cursors.get(name);
    if (!cursor) {
      cursor = { next: 0 };
      this.#cursors.set(name, cursor);
    }
    return cursor;
  }

  /** Cuts everything: the process ends. */
  destroy(): Promise<void> {
    return this.pools.destroy();
  }
}
