/** What a signal can be told apart by. The order is nobody's business; values are interned and capped (`__other`). */
export type Dimension =
  | 'route'
  | 'upstream'
  | 'target'
  | 'provider'
  | 'model'
  | 'version'
  | 'prompt'
  | 'promptVersion'
  | 'consumer'
  | 'region'
  | 'app'
  | 'revision'
  | 'release';

/** Some values of some dimensions: everything that has them is inside. Empty: everything. */
export type Scope = Readonly<Partial<Record<Dimension, string>>>;

/** Events of one kind that may be bad, and how many there were of them. A rate is bad / total. */
export interface BadAndTotal {
  readonly bad: number;
  readonly total: number;
}

/** One tick's counts of what somebody asked the engine to watch. */
export interface WatchedTick extends BadAndTotal {
  /** The watch's own id. */
  readonly watch: string;
  /** Wall clock at the tick's end, milliseconds since the epoch. */
  readonly at: number;
  /** Of the same signal outside the scope, as a control. */
  readonly outside: BadAndTotal;
}

/** What the engine is asked to count, tick by tick, until it is told to stop. */
export interface Watch {
  readonly id: string;
  /** A signal's name: `errors`, `slow`, `empty`, `continuity`, … */
  readonly signal: string;
  readonly scopes: readonly Scope[];
  /** Only what this revision of the config served, or a later one; 0: whatever served it. */
  readonly fromRevision: number;
}
