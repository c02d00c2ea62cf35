import type { OnStateChange } from '../contracts/state-change.ts';
import { type Lease, Leases } from '../lib/leases.ts';
import type { Agreement, Finding } from './agreement.ts';
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
  /** How several processes come to know the same; absent: this is the only one. */
  agreement?: Agreement | undefined;
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
  readonly agreement: Agreement | undefined;
  readonly #states = new Leases<TargetState>((state) => state.close());
  readonly #resilience = new Leases<Resilience>((resilience) => resilience.close());
  readonly #cursors = new Map<string, Cursor>();

  constructor(ports: FleetPorts) {
    this.random = ports.random ?? Math.random;
    this.now = ports.now ?? (() => performance.now());
    this.onChange = ports.onChange;
    this.agreement = ports.agreement;
    this.pools = new Pools(ports);
    this.checks = new HealthChecks(this.pools, this.random, this.agreement?.decides ?? true);
  }

  /** The state of a target, which is the same for every generation that has it. */
  state(upstream: string, url: string): Lease<TargetState> {
    return this.#states.lease(targetKey(upstream, url), () => new TargetState(upstream, url, this));
  }

  /** What is known of an upstream as a whole, which is the same for every generation that has it. */
  resilience(upstream: string): Lease<Resilience> {
    return this.#resilience.lease(upstream, () => new Resilience(upstream, this));
  }

  /** Takes in what another process has found out; of what this one does not have it needs to know nothing. */
  take(finding: Finding): void {
    const { kind, upstream } = finding;
    if (kind === 'breaker') {
      this.#resilience.get(upstream)?.breaker.apply(finding.change);
      return;
    }
    const state = this.#states.get(targetKey(upstream, finding.url));
    if (kind === 'drained') state?.drained();
    else state?.apply(finding.change, false);
  }

  /** All that is known here, for a process that knows nothing yet. */
  findings(): Finding[] {
    const targets = this.#states
      .values()
      .flatMap(({ upstream, url, changes }) =>
        changes.map((change): Finding => ({ kind: 'target', upstream, url, change })),
      );
    const breakers = this.#resilience
      .values()
      .flatMap(({ breaker: { upstream, changes } }) =>
        changes.map((change): Finding => ({ kind: 'breaker', upstream, change })),
      );
    return [...targets, ...breakers];
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

const targetKey = (upstream: string, url: string): string => `${upstream} ${url}`;
