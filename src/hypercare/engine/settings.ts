/** An objective as the engine counts it. Rates from 0 to 1, times in milliseconds. */
export interface ObjectiveSetting {
  readonly name: string;
  readonly dimension: 'route' | 'model' | '';
  readonly value: string;
  readonly kind: 'availability' | 'latency' | 'first-token' | 'continuity' | 'spend';
  /** The share that may be bad; of `spend`: US dollars a day. */
  readonly allowed: number;
  /** Of a latency: beyond it a request is bad. */
  readonly overMs: number;
  readonly over: number;
}

/** What the engine has to know of the configuration. Plain data: it crosses to another thread. */
export interface EngineSettings {
  readonly tickMs: number;
  readonly confirmMs: number;
  readonly objectives: readonly ObjectiveSetting[];
  /** Targets of each upstream. */
  readonly upstreams: Readonly<Record<string, readonly string[]>>;
  /** How long an answer may be kept, by route; -1: as long as its headers say. */
  readonly cacheTtl: Readonly<Record<string, number>>;
  /** What is usual of routes and models, as the config says it. */
  readonly imported: readonly {
    readonly dimension: 'route' | 'model';
    readonly value: string;
    /** From 0 to 1. */
    readonly errors?: number;
    /** Milliseconds. */
    readonly p95?: number;
  }[];
  readonly mostLeaves: number;
}

/** The span that the windows of the specification are written for: a tick of ten seconds. */
const WRITTEN_FOR_MS = 10_000;

/** Milliseconds of the specification, in ticks. */
export const ticksOf = (milliseconds: number): number =>
  Math.max(1, Math.round(milliseconds / WRITTEN_FOR_MS));
export const MINUTE = ticksOf(60_000);
export const HOUR = ticksOf(3_600_000);
