import type { OnStateChange } from '../contracts/state-change.ts';
import { PeakEwma } from '../lib/peak-ewma.ts';
import type { Agreement, TargetChange } from './agreement.ts';
import type { Load } from './balance/picker.ts';

/** How a target stands, the gravest word first: an operator's, then that of the checks, then that of its answers. */
export type Standing = 'disabled' | 'draining' | 'unhealthy' | 'ejected' | 'healthy';

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
  /** Absent: this process has its targets for itself. */
  readonly agreement?: Agreement | undefined;
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
  /** Whether one more target of its upstream may be out, as the newest generation has it; absent: nobody judges them. */
  hasRoom: (() => boolean) | undefined;
  readonly #ports: TargetStatePorts;
  readonly #latency = new PeakEwma();
  readonly #listeners = new Set<() => void>();
  #admission: 'enabled' | 'draining' | 'disabled' = 'enabled';
  #health: 'healthy' | 'unhealthy' = 'healthy';
  #isEjected = false;
  /** When it is over (monotonic milliseconds), and what ends it. */
  #ejectedUntil = 0;
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
    return this.#isEjected;
  }

  /** How it stands, as the changes that make another process's state the same. */
  get changes(): TargetChange[] {
    const why = { reason: this.reason, by: BY_GATEWAY };
    const forMs = Math.max(1, this.#ejectedUntil - this.#ports.now());
    return [
      { kind: 'target', to: this.#admission, ...why },
      { kind: 'health', to: this.#health, ...why },
      this.#isEjected
        ? { kind: 'ejection', to: 'ejected', forMs, count: this.ejections, ...why }
        : { kind: 'ejection', to: 'returned', ...why },
    ];
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

  /**
   * Takes a change. What is so already changes nothing and is told nobody.
   * @param isOwn whether it was found in this process; another's only the one that decides tells on
   */
  apply(change: TargetChange, isOwn = true): void {
    if (this.#isClosed || (!isOwn && this.#takesBack(change))) return;
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
    const { agreement } = this.#ports;
    if (agreement && (isOwn || agreement.decides))
      agreement.tell({ kind: 'target', upstream: this.upstream, url: this.url, change });
    for (const listener of this.#listeners) listener();
    this.#finishDraining();
  }

  /**
   * Of several processes each knows of its own ejections first: together they may have taken out more than may be out at
   * once. The one that decides takes back what comes too late.
   */
  #takesBack({ kind, to }: TargetChange): boolean {
    const { agreement } = this.#ports;
    if (kind !== 'ejection' || to !== 'ejected' || !agreement?.decides) return false;
    if (this.#isEjected || this.hasRoom?.() !== false) return false;
    const { upstream, url } = this;
    const reason = 'as many as may be are out already';
    agreement.tell({
      kind: 'target',
      upstream,
      url,
      change: { kind, to: 'returned', reason, by: BY_GATEWAY },
    });
    return true;
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
    this.#isEjected = true;
    this.#ejectedUntil = this.#ports.now() + forMs;
    if (this.#ports.agreement?.decides === false) return;
    this.#ejection = setTimeout(
      () => this.apply({ kind: 'ejection', to: 'returned', reason: 'its time is over', by: BY_GATEWAY }),
      forMs,
    );
    this.#ejection.unref();
  }

  #return(): void {
    clearTimeout(this.#ejection);
    this.#isEjected = false;
    this.returnedAt = this.#ports.now();
    this.isOnProbation = true;
  }

  #finishDraining(): void {
    if (this.#admission !== 'draining' || this.inFlight > 0) return;
    const { upstream, url } = this;
    const { agreement } = this.#ports;
    if (agreement) agreement.tell({ kind: 'drained', upstream, url });
    else this.drained();
  }

  /** Nothing runs on it any more, in no process. */
  drained(): void {
    if (this.#admission !== 'draining') return;
    const reason = this.reason === '' ? 'drained' : `drained: ${this.reason}`;
    this.apply({ kind: 'target', to: 'disabled', reason, by: BY_GATEWAY });
  }

  /** Nobody leases it any more: from now on nothing changes. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#ejection);
  }
}
