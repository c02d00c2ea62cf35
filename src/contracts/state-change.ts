/** What can change its state. */
export type StateKind =
  | 'health'
  | 'ejection'
  | 'panic'
  | 'breaker'
  | 'target'
  | 'revision'
  | 'release'
  | 'key'
  | 'certificate'
  | 'provider'
  | 'probe'
  | 'prompt'
  | 'budget'
  | 'tool'
  | 'worker'
  | 'shedding';

/** One change of state: what the log, the metrics, the admin API and the findings are told, each once. */
export interface StateChange {
  /** Wall clock, milliseconds since the epoch. */
  readonly at: number;
  readonly kind: StateKind;
  /** What changed: `catalog`, `catalog http://127.0.0.1:9001`. */
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  /** Why, as a sentence or a code of the error table. */
  readonly reason: string;
  /** Who: `gateway` by itself, the name of an operator, or `action:FINDING/N`. */
  readonly by: string;
}

/** Takes a change of state. It must not fail and must not wait. */
export type OnStateChange = (change: StateChange) => void;
