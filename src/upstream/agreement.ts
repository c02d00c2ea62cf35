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

/** A change of a breaker's state: what requests have shown, or an operator's word. */
export type BreakerChange = { readonly reason: string; readonly by: string } & (
  | { readonly kind: 'shown'; readonly to: 'open' | 'closed' }
  | { readonly kind: 'forced'; readonly to: 'open' | 'closed' | 'auto' }
);

/** What one process has found out about an upstream: plain, so that it can be sent to another. */
export type Finding =
  | {
      readonly kind: 'target';
      readonly upstream: string;
      readonly url: string;
      readonly change: TargetChange;
    }
  /** Nothing runs here any more on a target that is draining. */
  | { readonly kind: 'drained'; readonly upstream: string; readonly url: string }
  | { readonly kind: 'breaker'; readonly upstream: string; readonly change: BreakerChange };

/**
 * How the processes that carry the same traffic come to know the same of its targets. Each acts at once on what it finds
 * itself and tells it; one of them decides: what it has taken in, and in which order, is what all others end up with.
 */
export interface Agreement {
  /** Whether this is the process that decides. It alone asks targets how they are, and ends ejections and drains. */
  readonly decides: boolean;
  /** Takes what was found here. It must not fail and must not wait. */
  tell(finding: Finding): void;
}
