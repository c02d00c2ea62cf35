import { type CheckedTarget, HealthCheck, type HealthSettings } from './health-check.ts';
import { connectionsIdentity, type PoolOptions, type Pools } from './pools.ts';
import type { TargetState } from './target-state.ts';

interface Entry {
  readonly key: string;
  readonly check: HealthCheck;
  leases: number;
}

/**
 * The active checks of the process, one a target. A reload that keeps a target and its settings keeps the check that
 * runs; where generations differ, the newest one's settings count, so that an old one that drains can't contradict it.
 */
export class HealthChecks {
  /** By target; the last of each runs. */
  readonly #entries = new Map<TargetState, Entry[]>();
  readonly #pools: Pools;
  readonly #random: () => number;
  readonly #isAsking: boolean;

  /** @param isAsking false: another process asks for this one */
  constructor(pools: Pools, random: () => number, isAsking = true) {
    this.#pools = pools;
    this.#random = random;
    this.#isAsking = isAsking;
  }

  /** @returns what lets go of it */
  lease(target: CheckedTarget, connections: PoolOptions, settings: HealthSettings): () => void {
    if (!this.#isAsking) return () => undefined;
    const { state } = target;
    const entries = this.#entries.get(state) ?? [];
    this.#entries.set(state, entries);
    const key = `${connectionsIdentity(connections)} ${JSON.stringify(settings)}`;
    const known = entries.find((entry) => entry.key === key);
    const mine = known ?? {
      key,
      check: new HealthCheck(target, this.#pools.lease(connections), settings, this.#random),
      leases: 0,
    };
    if (mine !== entries.at(-1)) {
      entries.at(-1)?.check.stop();
      if (known) entries.splice(entries.indexOf(known), 1);
      entries.push(mine);
      mine.check.start();
    }
    mine.leases++;
    return () => this.#release(state, entries, mine);
  }

  #release(state: TargetState, entries: Entry[], mine: Entry): void {
    mine.leases--;
    if (mine.leases > 0) return;
    mine.check.close();
    entries.splice(entries.indexOf(mine), 1);
    const last = entries.at(-1);
    if (last) {
      last.check.start();
      return;
    }
    this.#entries.delete(state);
    // Nobody could ever say otherwise.
    state.apply({ kind: 'health', to: 'healthy', reason: 'no longer checked', by: 'gateway' });
  }
}
