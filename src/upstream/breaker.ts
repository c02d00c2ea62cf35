import CircuitBreaker from 'opossum';
import type { OnStateChange } from '../contracts/state-change.ts';
import type { Agreement, BreakerChange } from './agreement.ts';

/** As in the config. Times in milliseconds, the rate as a share of 1. */
export interface BreakerSettings {
  errorRate: number;
  /** Requests in the window below which nothing is concluded. */
  minRequests: number;
  window: number;
  /** How long it stays open before a probe is let through. */
  open: number;
}

export type BreakerState = 'closed' | 'half-open' | 'open';

/** What a breaker reads and tells. */
export interface BreakerPorts {
  /** Milliseconds, monotonic. */
  now(): number;
  onChange: OnStateChange;
  /** Absent: this process has its upstreams for itself. */
  readonly agreement?: Agreement | undefined;
}

/** Leave to make one request. What came of it is told once; that its answer broke off later, too. */
export interface BreakerPass {
  readonly isProbe: boolean;
  /** @param ok whether the upstream did its part; undefined if that says nothing of it: the client left, say */
  end(ok: boolean | undefined): void;
  /** An answer has begun well. Of a probe that is enough; of others it counts once it has ended. */
  begun(): void;
  /** The answer that had begun well broke off in the middle. */
  broke(): void;
  /** Of several attempts at a request this one decides: see `request-pass.ts`. Of one alone it is so anyway. */
  counts(): void;
}

const BUCKETS = 10;
const BY_GATEWAY = 'gateway';

/**
 * Stops asking an upstream that fails, and asks again one request at a time. The figures and the states are opossum's.
 * It is told what came of an attempt when that is known and does not run it: its promise could not end before the
 * answer's last byte, its AbortController is one for all calls (opossum#780), and an attempt whose client left is
 * neither a success nor a failure. It outlives generations; an operator's word outweighs the figures.
 */
export class Breaker {
  readonly upstream: string;
  readonly #ports: BreakerPorts;
  #settings: BreakerSettings | undefined;
  #circuit: CircuitBreaker<[boolean], void> | undefined;
  #forced: 'open' | 'closed' | undefined;
  #isProbing = false;
  /** When an open circuit lets a probe through: monotonic milliseconds. */
  #opensUntil = 0;
  #told: BreakerState = 'closed';
  /** While another process's change is taken in: only the one that decides tells it on. */
  #isTaking = false;

  constructor(upstream: string, ports: BreakerPorts) {
    this.upstream = upstream;
    this.#ports = ports;
  }

  /** Other settings, or none, from now on. One that is open stays so. */
  configure(settings: BreakerSettings | undefined): void {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    const wasOpen = this.#circuit?.closed === false;
    this.#circuit?.shutdown();
    this.#settings = settings;
    this.#isProbing = false;
    this.#circuit = settings && this.#open(settings);
    if (wasOpen) this.#circuit?.open();
    this.#tell('configured', BY_GATEWAY);
  }

  get state(): BreakerState {
    if (this.#forced) return this.#forced;
    if (this.#circuit === undefined || this.#circuit.closed) return 'closed';
    return this.#circuit.opened ? 'open' : 'half-open';
  }

  /** An operator's word, if there is one. */
  get forced(): 'open' | 'closed' | undefined {
    return this.#forced;
  }

  /** Milliseconds until it makes sense to ask again. */
  get retryAfterMs(): number {
    return Math.max(0, this.#opensUntil - this.#ports.now());
  }

  /** Undefined: the upstream is not to be asked now. */
  admit(): BreakerPass | undefined {
    if (this.#forced === 'open') return undefined;
    const circuit = this.#circuit;
    if (circuit === undefined || this.#forced === 'closed') return UNWATCHED;
    if (circuit.closed) return new Watched(circuit, undefined);
    if (circuit.opened || this.#isProbing) return undefined;
    this.#isProbing = true;
    return new Watched(circuit, () => {
      this.#isProbing = false;
    });
  }

  /** @param by name of the operator */
  force(state: 'open' | 'closed' | 'auto', by: string, reason: string): void {
    this.#forced = state === 'auto' ? undefined : state;
    this.#tell(reason, by);
    this.#share({ kind: 'forced', to: state, reason, by });
  }

  /** Takes a change that was made in another process. */
  apply({ kind, to, reason, by }: BreakerChange): void {
    this.#isTaking = true;
    try {
      if (kind === 'forced') this.force(to, by, reason);
      else if (to === 'open') this.#circuit?.open();
      else this.#circuit?.close();
    } finally {
      this.#isTaking = false;
    }
  }

  /** How it stands, as the changes that make another process's the same. */
  get changes(): BreakerChange[] {
    const why = { reason: 'as in the other processes', by: BY_GATEWAY };
    const isOpen = this.#circuit?.closed === false;
    return [
      { kind: 'shown', to: isOpen ? 'open' : 'closed', ...why },
      { kind: 'forced', to: this.#forced ?? 'auto', ...why },
    ];
  }

  /** Nobody uses it any more: who was told that it is open is told that this is over. */
  close(): void {
    this.#circuit?.shutdown();
    this.#circuit = undefined;
    this.#forced = undefined;
    this.#tell('nobody uses it any more', BY_GATEWAY);
  }

  #open(settings: BreakerSettings): CircuitBreaker<[boolean], void> {
    const circuit = new CircuitBreaker<[boolean], void>(judge, {
      // Attempts have timeouts of their own.
      timeout: false,
      // opossum opens above its threshold, we at it: 100% is a rate that can be reached.
      errorThresholdPercentage: settings.errorRate * 100 - 1e-6,
      volumeThreshold: settings.minRequests,
      rollingCountTimeout: settings.window,
      rollingCountBuckets: BUCKETS,
      resetTimeout: settings.open,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
    });
    circuit.on('open', () => {
      this.#opensUntil = this.#ports.now() + settings.open;
      this.#shown('open', 'too many requests failed');
    });
    circuit.on('halfOpen', () => this.#tell('time for a probe', BY_GATEWAY));
    circuit.on('close', () => {
      // What failed before it opened must not open it again.
      for (let i = 0; i < BUCKETS; i++) rotate(circuit);
      this.#shown('closed', 'a probe went well');
    });
    return circuit;
  }

  #shown(to: 'open' | 'closed', reason: string): void {
    this.#tell(reason, BY_GATEWAY);
    this.#share({ kind: 'shown', to, reason, by: BY_GATEWAY });
  }

  #share(change: BreakerChange): void {
    const { agreement } = this.#ports;
    if (agreement && (!this.#isTaking || agreement.decides))
      agreement.tell({ kind: 'breaker', upstream: this.upstream, change });
  }

  #tell(reason: string, by: string): void {
    const to = this.state;
    const from = this.#told;
    if (from === to) return;
    this.#told = to;
    const subject = this.upstream;
    this.#ports.onChange({ at: Date.now(), kind: 'breaker', subject, from, to, reason, by });
  }
}

/** What opossum believes to be the call. */
const judge = (ok: boolean): Promise<void> =>
  ok ? Promise.resolve() : Promise.reject(new Error('the attempt failed'));

/** opossum begins a new bucket of figures with it; its types don't know it. */
const rotate = (circuit: CircuitBreaker<[boolean], void>): void =>
  (circuit.status as unknown as { rotateBucket(): void }).rotateBucket();

class Watched implements BreakerPass {
  readonly #circuit: CircuitBreaker<[boolean], void>;
  readonly #endProbe: (() => void) | undefined;
  #hasEnded = false;
  #hasFailed = false;

  constructor(circuit: CircuitBreaker<[boolean], void>, endProbe: (() => void) | undefined) {
    this.#circuit = circuit;
    this.#endProbe = endProbe;
  }

  get isProbe(): boolean {
    return this.#endProbe !== undefined;
  }

  end(ok: boolean | undefined): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#hasFailed = ok === false;
    this.#endProbe?.();
    if (ok !== undefined) this.#count(ok);
  }

  begun(): void {
    // Who waits behind a probe can't wait for a stream of hours.
    if (this.isProbe) this.end(true);
  }

  broke(): void {
    if (!this.#hasEnded) this.end(false);
    // One that had failed with its head has been counted.
    else if (!this.#hasFailed) this.#count(false);
  }

  counts(): void {
    // It is told to the figures as it comes.
  }

  #count(ok: boolean): void {
    // Of what began before it opened, opossum would count a call that it refused; after that only probes decide.
    if (this.#circuit.isShutdown || !(this.#circuit.closed || this.isProbe)) return;
    // It has counted; that it hands the failure back is for those who let it make the call.
    this.#circuit.fire(ok).catch(() => undefined);
  }
}

const UNWATCHED: BreakerPass = {
  isProbe: false,
  end: () => undefined,
  begun: () => undefined,
  broke: () => undefined,
  counts: () => undefined,
};
