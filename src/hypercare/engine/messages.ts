import type { Bill, ContextSignal, FeedbackSignal, Ticks } from '../../contracts/engine.ts';
import type { Detection, DetectionEvent } from '../../contracts/finding.ts';
import type { Watch, WatchedTick } from '../../contracts/signal.ts';
import type { NewName, SignalBatch } from '../../record/signals/layout.ts';
import type { Questions } from './questions.ts';
import type { EngineSettings } from './settings.ts';
import type { Change } from './told-changes.ts';

/** What may be asked: names of methods of `Questions`. */
export type Question = 'rates' | 'objectives' | 'trafficMap' | 'figures' | 'values';
export type Answer<Q extends Question> = ReturnType<Questions[Q]>;

/** To the engine's thread. */
export type ToThread =
  | { readonly kind: 'batch'; readonly source: string; readonly batch: SignalBatch }
  | { readonly kind: 'names'; readonly source: string; readonly names: readonly NewName[] }
  | { readonly kind: 'forget'; readonly source: string }
  | { readonly kind: 'feedback'; readonly signal: FeedbackSignal }
  | { readonly kind: 'context'; readonly signal: ContextSignal }
  /** `ago`: ticks, of what the thread before this one knew. */
  | { readonly kind: 'change'; readonly change: Change; readonly ago: number }
  /** What another replica counted in a tick: a `Delta` as JSON. */
  | { readonly kind: 'delta'; readonly delta: string }
  | { readonly kind: 'partial'; readonly isPartial: boolean }
  /** A tick is over, where they are manual. */
  | { readonly kind: 'tick'; readonly at: number }
  | { readonly kind: 'use'; readonly settings: EngineSettings }
  | { readonly kind: 'watch'; readonly watch: Watch }
  | { readonly kind: 'unwatch'; readonly id: string }
  | { readonly kind: 'bill'; readonly bill: Bill }
  /** What others have found open, as far as this thread does not know it. */
  | { readonly kind: 'resume'; readonly open: readonly Detection[] }
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question; readonly of: unknown };

/** What a thread begins with. */
export interface ThreadStart {
  readonly settings: EngineSettings;
  /** What was open when the thread before it ended. */
  readonly open: readonly Detection[];
  /** Whether other replicas are to be told what was counted. */
  readonly isShared: boolean;
  /** By the thread's own timer, or when it is told. */
  readonly ticks: Ticks;
  /** Wall clock, milliseconds since the epoch. */
  readonly now: number;
  /** What the engine before it remembered (`memory.ts`); '' = there was none. */
  readonly memory: string;
}

export interface ThreadStatus {
  readonly lastTickAt: number;
  readonly leaves: number;
  readonly tickMs: number;
  readonly open: number;
}

/** From the engine's thread. */
export type FromThread =
  /** A batch has been counted. `lagMs`: from its first signal until then. */
  | { readonly kind: 'taken'; readonly source: string; readonly buffer: ArrayBuffer; readonly lagMs: number }
  | {
      readonly kind: 'tick';
      readonly events: readonly DetectionEvent[];
      readonly watched: readonly WatchedTick[];
      readonly status: ThreadStatus;
      /** For other replicas, as JSON; '' where there are none. */
      readonly delta: string;
    }
  | { readonly kind: 'memory'; readonly memory: string }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refused'; readonly id: number; readonly message: string };
