import type { OnStateChange } from '../contracts/state-change.ts';
import { PeakEwma } from '../lib/peak-ewma.ts';
import type { Load } from './balance/picker.ts';

/** How a target stands, the gravest word first: an operator's, then that of the checks, then that of its answers. */
export type Standing = 'disabled' | 'draining' | 'unhealthy' | 'ejected' | 'healthy';

/**
 * A change of a target's state, small and plain enough to be sent to another process, which applies it as its own.
 * `target` is an operator's word, `health` that of the active checks, `ejection` that of the target's own answers.
 */
export type TargetChange = { readonly reason: string; readonly by: string } & (
  | { readonly kind: 'target'; readonly to: 'enabled' | 'draining' | 'disabled' }
  | { readonly kind: 'health'; readonly to: 'healthy' | 'unhealthy' }
  /** For how many milliseconds, and the how-manieth time in a row. */
  | { readonly kind: 'ejection'; readonly to: 'ejected'; readonly forMs: number; readonly count: number }
  | { readonly kind: 'ejection'; readonly to: 'returned' }
);

/** What came of one attempt. */
export interface Outcome {
  /** Undefined: nobody waited to see. */
  readonly ok: boolean | undefined;
  /** Milliseconds to the head of the answer, or to the failure, or for how long somebody waited. */
  readonly ms: number;
}

/** What a state reads and tells. */
export interface TargetStatePorts {
  /** Milliseconds, monotonic. */
  now(): number;
  onChange: OnStateChange;
}

const BY_GATEWAY = 'gateway';

/**
 * What the process knows of one target: how busy, how fast, how well. It outlives generations; the upstreams of each
 * listen to it.
 */
export class TargetState implements Load {
  readonly upstream: string;
  readonly url: string;
  inFlight = 0;
  /** Failures since the last success. */
  failures = 0;
  /** Ejections in a row, as of the last one. */
  ejections = 0;
  /** Back from an ejection, and no success since. */
  isOnProbation = false;
  /** When its last ejection was over (monotonic milliseconds). */
  returnedAt = 0;
  /** When it became usable again (monotonic milliseconds); -Infinity if it was never otherwise. */
  cameBackAt = Number.NEGATIVE_INFINITY;
  /** Wall clock, milliseconds, and why: of the last change of its standing. */
  since: number = Date.now();
  reason = '';
  readonly #ports: TargetStatePorts;
  readonly #latency = new PeakEwma();
  readonly #listeners = new Set<() => void>();
  #admission: 'enabled' | 'draining' | 'disabled' = 'enabled';
  #health: 'healthy' | 'unhealthy' = 'healthy';
  #ejection: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(upstream: string, url: string, ports: TargetStatePorts) {
    this.upstream = upstream;
    this.url = url;
    this.#ports = ports;
  }

  get standing(): Standing {
    if (this.#admission !== 'enabled') return this.#admission;
    if (this.#health === 'unhealthy') return 'unhealthy';
    return this.isEjected ? 'ejected' : 'healthy';
  }

  get isEjected(): boolean {
    return this.#ejection !== undefined;
  }

  latency(now: number): number {
    return this.#latency.at(now);
  }

  /** An attempt begins. */
  begin(): void {
    this.inFlight++;
  }

  /** An attempt is over. Without an outcome it says nothing of the target. */
  end(outcome?: Outcome): void {
    this.inFlight--;
    if (outcome) this.#learn(outcome);
    this.#finishDraining();
  }

  #learn({ ok, ms }: Outcome): void {
    const now = this.#ports.now();
    if (ok === undefined) {
      this.#latency.tookAtLeast(ms, now);
    } else if (ok) {
      this.failures = 0;
      this.isOnProbation = false;
      this.#latency.observe(ms, now);
    } else {
      this.failures++;
      this.#latency.failed(ms, now);
    }
  }

  /** @returns what ends it */
  listen(onChange: () => void): () => void {
    this.#listeners.add(onChange);
    return () => this.#listeners.delete(onChange);
  }

  /** Takes a change, our own or another process's. What is so already changes nothing and is told nobody. */
  apply(change: TargetChange): void {
    if (this.#isClosed) return;
    const before = this.standing;
    const from = this.#take(change);
    if (from === change.to) return;
    const { kind, to, reason, by } = change;
    if (this.standing !== before) {
      this.since = Date.now();
      this.reason = reason;
      if (this.standing === 'healthy') this.cameBackAt = this.#ports.now();
    }
    const subject = `${this.upstream} ${this.url}`;
    this.#ports.onChange({ at: Date.now(), kind, subject, from, to, reason, by });
    for (const listener of this.#listeners) listener();
    this.#finishDraining();
  }

  /** @returns what it was before */
  #take(change: TargetChange): string {
    if (change.kind === 'target') {
      const from = this.#admission;
      this.#admission = change.to;
      return from;
    }
    if (change.kind === 'health') {
      const from = this.#health;
      this.#health = change.to;
      return from;
    }
    const from = this.isEjected ? 'ejected' : 'returned';
    if (from === change.to) return from;
    if (change.to === 'ejected') this.#eject(change.forMs, change.count);
    else this.#return();
    return from;
  }

  #eject(forMs: number, count: number): void {
    this.ejections = count;
    this.#ejection = setTimeout(
      () => this.apply({ kind: 'ejection', to: 'returned', reason: 'its time is over', by: BY_GATEWAY }),
      forMs,
    );
    this.#ejection.unref();
  }

  #return(): void {
    clearTimeout(this.#ejection);
    this.#ejection = undefined;
    this.returnedAt = this.#ports.now();
    this.isOnProbation = true;
  }

  #finishDraining(): void {
    if (this.#admission !== 'draining' || this.inFlight > 0) return;
    this.apply({ kind: 'target', to: 'disabled', reason: 'drained', by: BY_GATEWAY });
  }

  /** Nobody leases it any more: from now on nothing changes. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#ejection);
  }
}
