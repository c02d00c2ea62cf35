/** What a span says, as OpenTelemetry's attributes do. */
export type SpanValue = string | number | boolean | readonly string[];

/** A span that has ended: a request's own, as a trace shows it. */
export interface EndedSpan {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** 16 hex digits, '' where the trace began here. */
  readonly parentId: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Milliseconds. */
  readonly durationMs: number;
  readonly attributes: Readonly<Record<string, SpanValue>>;
  /** Why it failed; '' if it did not. */
  readonly error: string;
  /** What happened on its way, in order. */
  readonly events: readonly {
    readonly name: string;
    /** Milliseconds since the epoch. */
    readonly at: number;
    readonly attributes: Readonly<Record<string, SpanValue>>;
  }[];
}
